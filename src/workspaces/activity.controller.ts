import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import { ActivityPage, ActivityView, ListActivity, RecordActivity } from './activity.dto.js';
import { ActivityService } from './activity.service.js';

/** What was done in a workspace, and by whom. */
@Controller('v1/workspaces/:id/activity')
@RequireScope('workspaces:read')
export class ActivityController {
  constructor(private readonly activity: ActivityService) {}

  /** Newest first. */
  @Get()
  async list(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: ListActivity,
  ): Promise<ActivityPage> {
    const page = await this.activity.recent(caller, id, query);
    return { ...page, items: page.items.map(ActivityView.of) };
  }

  /** Records what the caller did. */
  @Post()
  @RequireScope('workspaces:write')
  async record(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() body: RecordActivity,
  ): Promise<ActivityView> {
    return ActivityView.of(await this.activity.record(caller, id, body));
  }
}
