import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { QuotasModule } from '../shared/quotas/index.js';
import { WorkspacesModule } from '../workspaces/index.js';
import { ComparisonsService } from './comparisons.service.js';
import { ConflictLedger } from './conflict-ledger.js';
import { ConflictsRepository } from './conflicts.repository.js';
import { ConflictsService } from './conflicts.service.js';
import { SharedDocument } from './document.entity.js';
import { DocumentAccess } from './document-access.js';
import { DocumentQuotas } from './document-quotas.js';
import { DocumentWriter } from './document-writer.js';
import { DocumentWritesRepository } from './document-writes.repository.js';
import { QuickWrites } from './quick-writes.js';
import { DocumentsController } from './documents.controller.js';
import { DocumentsRepository } from './documents.repository.js';
import { DocumentsService } from './documents.service.js';
import { DocumentEditsController } from './edits.controller.js';
import { EditsService } from './edits.service.js';
import { HistoryController } from './history.controller.js';
import { HistoryService } from './history.service.js';
import { LiveCompaction } from './live/compaction.service.js';
import { LiveDocuments } from './live/live-documents.service.js';
import { LiveGuard } from './live/live-guard.js';
import { LiveTexts } from './live/live-texts.service.js';
import { UpdatesRepository } from './live/updates.repository.js';
import { LockGuard } from './locks/lock-guard.js';
import { LockQueue } from './locks/lock-queue.js';
import { DocumentLocksController } from './locks/locks.controller.js';
import { DocumentLocksRepository } from './locks/locks.repository.js';
import { DocumentLocksService } from './locks/locks.service.js';
import { OperationsRepository } from './operations.repository.js';
import { OperationsService } from './operations.service.js';
import { DocumentReportsController } from './reports.controller.js';
import { ReportsRepository } from './reports.repository.js';
import { ReportsService } from './reports.service.js';
import { SnapshotsRepository } from './snapshots.repository.js';
import { SuggestionDecisionsService } from './suggestions/decisions.service.js';
import { SuggestionsController } from './suggestions/suggestions.controller.js';
import { SuggestionsRepository } from './suggestions/suggestions.repository.js';
import { SuggestionsService } from './suggestions/suggestions.service.js';

const REPOSITORIES = [
  DocumentsRepository,
  OperationsRepository,
  SnapshotsRepository,
  ConflictsRepository,
  SuggestionsRepository,
  DocumentLocksRepository,
  ReportsRepository,
  UpdatesRepository,
];
const SERVICES = [
  DocumentsService,
  EditsService,
  HistoryService,
  OperationsService,
  ComparisonsService,
  ConflictsService,
  SuggestionsService,
  SuggestionDecisionsService,
  DocumentLocksService,
  LiveDocuments,
  LiveTexts,
  ReportsService,
];
const INTERNAL = [
  DocumentAccess,
  DocumentQuotas,
  DocumentWriter,
  DocumentWritesRepository,
  QuickWrites,
  ConflictLedger,
  LockGuard,
  LockQueue,
  LiveCompaction,
  LiveGuard,
];
const CONTROLLERS = [
  DocumentLocksController,
  DocumentsController,
  DocumentEditsController,
  SuggestionsController,
  HistoryController,
  DocumentReportsController,
];

/** Needs the global modules of the database, the event log and the cache. */
@Module({
  imports: [TypeOrmModule.forFeature([SharedDocument]), QuotasModule, WorkspacesModule],
  providers: [...REPOSITORIES, ...SERVICES, ...INTERNAL],
  exports: [...REPOSITORIES, ...SERVICES],
})
export class DocumentsModule {}

/** The same with its routes. */
@Module({
  imports: [DocumentsModule],
  controllers: CONTROLLERS,
  exports: [DocumentsModule],
})
export class DocumentsHttpModule {}
