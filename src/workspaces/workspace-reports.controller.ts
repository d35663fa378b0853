import { Controller, Get, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import {
  CollaborationQuery,
  type CollaborationView,
  type WorkspaceIntegrityView,
  type WorkspaceStatsView,
} from './workspace-report.dto.js';
import { WorkspaceReportsService } from './workspace-reports.service.js';

@Controller('v1/workspaces/:id')
@RequireScope('workspaces:read')
export class WorkspaceReportsController {
  constructor(private readonly reports: WorkspaceReportsService) {}

  /** Members, activity, events and state in numbers. */
  @Get('stats')
  stats(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<WorkspaceStatsView> {
    return this.reports.stats(caller, id);
  }

  /** Who did how much in a period, by the events of the feed. */
  @Get('collaboration')
  collaboration(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: CollaborationQuery,
  ): Promise<CollaborationView> {
    return this.reports.collaboration(caller, id, query);
  }

  /** Whether what is stored of the workspace agrees with itself: what was looked at, and what was found. */
  @Get('integrity')
  integrity(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<WorkspaceIntegrityView> {
    return this.reports.integrity(caller, id);
  }
}
