import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, IfMatch, SendsVersion } from '../shared/http/index.js';
import { DocumentView } from './document.dto.js';
import { HistoryService } from './history.service.js';
import {
  CompactOperations,
  CreateSnapshot,
  ListOperations,
  ListSnapshots,
  OperationList,
  OperationView,
  PurgeSnapshots,
  ReadVersion,
  RecordedView,
  RecordOperation,
  Removed,
  RestoreDocument,
  SnapshotEntryView,
  SnapshotPage,
  SnapshotView,
  VersionView,
} from './operation.dto.js';
import { OperationsService } from './operations.service.js';

/** What documents were, and the log of what changed them. */
@Controller('v1/documents/:id')
@RequireScope('documents:write')
export class HistoryController {
  constructor(
    private readonly history: HistoryService,
    private readonly operations: OperationsService,
  ) {}

  /** The log of a document, in order. */
  @Get('operations')
  @RequireScope('documents:read')
  async listOperations(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: ListOperations,
  ): Promise<OperationList> {
    return { items: (await this.operations.list(caller, id, query)).map(OperationView.of) };
  }

  /** Appends an operation of an application's own model; the content stays as it is. */
  @Post('operations')
  recordOperation(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() body: RecordOperation,
  ): Promise<RecordedView> {
    return this.operations.record(caller, id, body);
  }

  /** Marks an operation that waits as applied, once. */
  @Post('operations/:operationId/applied')
  @HttpCode(200)
  async markApplied(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('operationId') operationId: string,
  ): Promise<OperationView> {
    return OperationView.of(await this.operations.markApplied(caller, id, operationId));
  }

  /** Removes the oldest operations; the document as it was before the kept ones stays as a snapshot. */
  @Post('operations/compact')
  @HttpCode(200)
  async compact(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { beforeSequence }: CompactOperations,
  ): Promise<Removed> {
    return { removed: await this.history.compact(caller, id, beforeSequence) };
  }

  /** The title and the content of one version. */
  @Get('content')
  @RequireScope('documents:read')
  readVersion(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() { version }: ReadVersion,
  ): Promise<VersionView> {
    return this.history.at(caller, id, version);
  }

  /** Writes the title and the content of an earlier version once more, as a new version. */
  @Post('restore')
  @HttpCode(200)
  @SendsVersion()
  async restore(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() body: RestoreDocument,
  ): Promise<DocumentView> {
    return DocumentView.of(await this.history.restore(caller, id, version, body));
  }

  /** Snapshots without their contents, newest first. */
  @Get('snapshots')
  @RequireScope('documents:read')
  async listSnapshots(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() { limit, after }: ListSnapshots,
  ): Promise<SnapshotPage> {
    const page = await this.history.listSnapshots(caller, id, limit, after);
    return { ...page, items: page.items.map(SnapshotEntryView.of) };
  }

  /** Keeps the document as it is now. */
  @Post('snapshots')
  async createSnapshot(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { label }: CreateSnapshot,
  ): Promise<SnapshotEntryView> {
    return SnapshotEntryView.of(await this.history.createSnapshot(caller, id, label));
  }

  @Get('snapshots/:snapshotId')
  @RequireScope('documents:read')
  async getSnapshot(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('snapshotId') snapshotId: string,
  ): Promise<SnapshotView> {
    return SnapshotView.of(await this.history.snapshot(caller, id, snapshotId));
  }

  /** Removes all but the newest snapshots, and but the one that the kept operations build on. */
  @Post('snapshots/purge')
  @HttpCode(200)
  async purgeSnapshots(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { keepLast }: PurgeSnapshots,
  ): Promise<Removed> {
    return { removed: await this.history.purgeSnapshots(caller, id, keepLast) };
  }
}
