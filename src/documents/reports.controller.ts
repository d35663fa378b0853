import { Controller, Get, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import { ReportsService } from './reports.service.js';
import { CollaborationView, DocumentReportView, DocumentStatsView, Period } from './reports.view.js';

@Controller('v1')
@RequireScope('documents:read')
export class DocumentReportsController {
  constructor(private readonly reports: ReportsService) {}

  /** How much there is of a document, and by how many. */
  @Get('documents/:id/stats')
  stats(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<DocumentStatsView> {
    return this.reports.stats(caller, id);
  }

  /** Whether what is stored of a document agrees with itself. */
  @Get('documents/:id/integrity')
  integrity(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<DocumentReportView> {
    return this.reports.integrity(caller, id);
  }

  /** Who wrote how much in the documents of a workspace. */
  @Get('workspaces/:id/documents/collaboration')
  collaboration(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() { days }: Period,
  ): Promise<CollaborationView> {
    return this.reports.collaboration(caller, id, days);
  }
}
