import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { AcceptsBody, IdParam, SendsVersion } from '../shared/http/index.js';
import { MAX_DOCUMENT_BODY } from './content.js';
import { ComparisonsService } from './comparisons.service.js';
import { ConflictsService } from './conflicts.service.js';
import {
  BlameLines,
  BlameView,
  CompareVersions,
  ConflictPage,
  ConflictView,
  DiffView,
  EditDocument,
  editsOf,
  ListConflicts,
  RecordConflict,
  ResolveConflict,
  WrittenView,
} from './edit.dto.js';
import { LiveTexts } from './live/live-texts.service.js';

/** Changes that name what to change, what did not merge, and how versions differ. */
@Controller('v1/documents/:id')
@RequireScope('documents:write')
export class DocumentEditsController {
  constructor(
    private readonly texts: LiveTexts,
    private readonly conflicts: ConflictsService,
    private readonly comparisons: ComparisonsService,
  ) {}

  /** Applies edits to the newest version, or to an older one and merges. */
  @Post('edits')
  @AcceptsBody({ limit: MAX_DOCUMENT_BODY })
  @HttpCode(200)
  @SendsVersion()
  async edit(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { edits, ...editing }: EditDocument,
  ): Promise<WrittenView> {
    return WrittenView.ofWritten(await this.texts.edit(caller, id, { edits: editsOf(edits), ...editing }));
  }

  /** What did not merge, oldest first. */
  @Get('conflicts')
  @RequireScope('documents:read')
  listConflicts(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: ListConflicts,
  ): Promise<ConflictPage> {
    return this.conflicts.list(caller, id, query);
  }

  /** Writes a conflict that an application found into the ledger. */
  @Post('conflicts')
  @AcceptsBody({ limit: MAX_DOCUMENT_BODY })
  recordConflict(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() body: RecordConflict,
  ): Promise<ConflictView> {
    return this.conflicts.record(caller, id, body);
  }

  /** Settles a conflict, once. */
  @Post('conflicts/:conflictId/resolve')
  @AcceptsBody({ limit: MAX_DOCUMENT_BODY })
  @HttpCode(200)
  resolveConflict(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('conflictId') conflictId: string,
    @Body() body: ResolveConflict,
  ): Promise<ConflictView> {
    return this.conflicts.resolve(caller, id, conflictId, body);
  }

  /** How two versions differ, as a unified diff. */
  @Get('diff')
  @RequireScope('documents:read')
  diff(@CurrentCaller() caller: Caller, @IdParam() id: string, @Query() versions: CompareVersions): Promise<DiffView> {
    return this.comparisons.diff(caller, id, versions);
  }

  /** Who last touched each line of the newest version. */
  @Get('blame')
  @RequireScope('documents:read')
  async blame(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<BlameView> {
    const { version, lines } = await this.comparisons.blame(caller, id);
    return { version, lines: lines.map(BlameLines.of) };
  }
}
