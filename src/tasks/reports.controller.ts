import { Controller, Get, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, PageQuery } from '../shared/http/index.js';
import { ExplanationView } from './explanation.view.js';
import { ExplanationsService } from './explanations.service.js';
import { TimelineService } from './timeline.service.js';
import { type TimelineView } from './timeline.view.js';
import { IntegrityService } from './integrity.service.js';
import { type IntegrityReportView } from './integrity.view.js';

@Controller('v1/tasks')
@RequireScope('tasks:read')
export class ReportsController {
  constructor(
    private readonly explanations: ExplanationsService,
    private readonly integrityOf: IntegrityService,
    private readonly timelines: TimelineService,
  ) {}

  /** Whether what is stored about tasks agrees with itself: what was looked at, and what was found. It reads them all. */
  @Get('integrity')
  @RequireScope('admin')
  async integrity(@CurrentCaller() caller: Caller): Promise<IntegrityReportView> {
    return this.integrityOf.report(caller);
  }

  /** Why the task is not running, or what it is doing: in words, and every reason as data. */
  @Get(':id/explain')
  async explain(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<ExplanationView> {
    return this.explanations.explain(caller, id);
  }

  /** What happened to the task, in order, with every attempt. */
  @Get(':id/timeline')
  async timeline(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: PageQuery,
  ): Promise<TimelineView> {
    return this.timelines.get(caller, id, query);
  }
}
