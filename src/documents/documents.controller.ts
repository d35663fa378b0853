import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { AcceptsBody, IdParam, IfMatch, SendsVersion } from '../shared/http/index.js';
import { MAX_DOCUMENT_BODY } from './content.js';
import {
  CreateDocument,
  DocumentEntry,
  DocumentPage,
  DocumentView,
  FoundDocuments,
  ListDocuments,
  SearchDocuments,
} from './document.dto.js';
import { DocumentsService } from './documents.service.js';
import { UpdateWithStrategy, WrittenView } from './edit.dto.js';
import { LiveTexts } from './live/live-texts.service.js';

@Controller('v1')
@RequireScope('documents:read')
export class DocumentsController {
  constructor(
    private readonly documents: DocumentsService,
    private readonly texts: LiveTexts,
  ) {}

  /** Makes a document in a workspace. */
  @Post('workspaces/:id/documents')
  @AcceptsBody({ limit: MAX_DOCUMENT_BODY })
  @RequireScope('documents:write')
  @SendsVersion()
  async create(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() body: CreateDocument,
  ): Promise<DocumentView> {
    return DocumentView.of(await this.documents.create(caller, id, body));
  }

  /** Documents without their contents, oldest first unless sorted otherwise. */
  @Get('documents')
  async list(@CurrentCaller() caller: Caller, @Query() query: ListDocuments): Promise<DocumentPage> {
    const page = await this.documents.list(caller, query);
    return { ...page, items: page.items.map(DocumentEntry.of) };
  }

  /** Documents by the words in their titles and contents, the best matches first. */
  @Get('documents/search')
  async search(@CurrentCaller() caller: Caller, @Query() query: SearchDocuments): Promise<FoundDocuments> {
    return FoundDocuments.of(await this.documents.search(caller, query));
  }

  @Get('documents/:id')
  @SendsVersion()
  async get(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<DocumentView> {
    return DocumentView.of(await this.texts.get(caller, id));
  }

  /** Changes the fields that are sent, if the document is still what was read; with a strategy it merges otherwise. */
  @Put('documents/:id')
  @AcceptsBody({ limit: MAX_DOCUMENT_BODY })
  @RequireScope('documents:write')
  @SendsVersion()
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() { taskId, epoch, lockToken, strategy, ...change }: UpdateWithStrategy,
  ): Promise<WrittenView> {
    const by = { taskId, epoch, lockToken };
    return WrittenView.ofWritten(await this.texts.update(caller, id, version, { change, strategy, by }));
  }

  /** Removes a document. */
  @Delete('documents/:id')
  @RequireScope('documents:write')
  @HttpCode(204)
  async delete(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.documents.delete(caller, id);
  }
}
