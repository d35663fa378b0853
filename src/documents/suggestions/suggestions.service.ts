import { Injectable } from '@nestjs/common';
import type { Caller } from '../../shared/auth/index.js';
import { Transactional } from '../../shared/database/index.js';
import { assertStorable, OptimisticLock } from '../../shared/errors/index.js';
import { EventLog } from '../../shared/events/index.js';
import type { Page } from '../../shared/http/index.js';
import { measured } from '../content.js';
import { DocumentAccess } from '../document-access.js';
import type { SharedDocument } from '../document.entity.js';
import { DocumentsService } from '../documents.service.js';
import { applyEdits, type Edit } from '../editing/edits.js';
import { HistoryService } from '../history.service.js';
import type { Suggestion, SuggestionEntry, SuggestionStatus } from './suggestion.js';
import { SuggestionOfAnother } from './suggestions.errors.js';
import { suggestionChanged } from './suggestions.events.js';
import { SuggestionsRepository } from './suggestions.repository.js';

export interface Suggesting {
  edits: Edit[];
  reason?: string | undefined;
  /** The version that the edits were made from; the newest unless given. */
  baseVersion?: number | undefined;
  /** An open suggestion of the same author, which this one replaces. */
  supersedes?: string | undefined;
}

/** Changes of versioned documents that somebody proposes and somebody else decides on. */
@Injectable()
export class SuggestionsService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly access: DocumentAccess,
    private readonly history: HistoryService,
    private readonly suggestions: SuggestionsRepository,
    private readonly events: EventLog,
  ) {}

  /**
   * For whoever may comment. The edits must fit the version that they were made from.
   * @throws NotFound, NotPermitted, WrongDocumentKind, OptimisticLock for a version from the future,
   * EditNotApplicable, DocumentTooLarge, ContentNotOfType, SuggestionDecided, SuggestionOfAnother
   */
  @Transactional()
  async suggest(
    caller: Caller,
    id: string,
    { edits, reason, baseVersion, supersedes }: Suggesting,
  ): Promise<SuggestionEntry> {
    const { tenantId, actorId } = caller;
    const document = await this.documents.get(caller, id);
    await this.access.assertMay(caller, document, 'comment');
    const { version, contentType } = document;
    if (baseVersion !== undefined && baseVersion > version) {
      throw new OptimisticLock('document', id, baseVersion, version);
    }
    const base = await this.history.versionOf(document, baseVersion ?? version);
    assertStorable(edits, 'edits');
    measured(applyEdits(base.content, edits), contentType);
    const suggestion = await this.suggestions.insert(tenantId, id, {
      authorId: actorId,
      edits,
      reason: reason ?? null,
      baseVersion: base.version,
      contentType,
      base: base.content,
    });
    this.events.append(tenantId, suggestionChanged(actorId, document, suggestion));
    if (supersedes !== undefined) await this.supersede(caller, document, supersedes, suggestion.id);
    return suggestion;
  }

  /** @throws NotFound */
  async get(caller: Caller, id: string, suggestionId: string): Promise<Suggestion> {
    await this.documents.get(caller, id);
    return this.suggestions.get(caller.tenantId, id, suggestionId);
  }

  /** Oldest first. @throws NotFound */
  async list(
    caller: Caller,
    id: string,
    page: { status?: SuggestionStatus[] | undefined; limit: number; after?: string | undefined },
  ): Promise<Page<SuggestionEntry>> {
    await this.documents.get(caller, id);
    return this.suggestions.list(caller.tenantId, id, page);
  }

  private async supersede(
    { tenantId, actorId }: Caller,
    document: SharedDocument,
    older: string,
    newer: string,
  ): Promise<void> {
    const suggestion = await this.suggestions.get(tenantId, document.id, older);
    if (suggestion.authorId !== actorId) throw new SuggestionOfAnother(suggestion);
    const decision = { status: 'superseded', decidedBy: actorId, supersededBy: newer } as const;
    const superseded = await this.suggestions.decide(tenantId, document.id, older, decision);
    this.events.append(tenantId, suggestionChanged(actorId, document, superseded));
  }
}
