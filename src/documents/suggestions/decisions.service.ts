import { Injectable } from '@nestjs/common';
import type { Caller } from '../../shared/auth/index.js';
import { Transactional } from '../../shared/database/index.js';
import { EventLog } from '../../shared/events/index.js';
import { DocumentAccess } from '../document-access.js';
import type { ContentType, SharedDocument } from '../document.entity.js';
import { DocumentWriter, type Origin } from '../document-writer.js';
import { DocumentsService } from '../documents.service.js';
import { applyEdits } from '../editing/edits.js';
import { mergeProse, mergeText } from '../editing/merge.js';
import { mergeJsonText } from '../editing/merge-json.js';
import type { Suggestion, SuggestionEntry } from './suggestion.js';
import { SuggestionConflicts, SuggestionDecided } from './suggestions.errors.js';
import { suggestionChanged } from './suggestions.events.js';
import { SuggestionsRepository } from './suggestions.repository.js';

/** What becomes of suggestions; each is decided once. */
@Injectable()
export class SuggestionDecisionsService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly access: DocumentAccess,
    private readonly suggestions: SuggestionsRepository,
    private readonly writer: DocumentWriter,
    private readonly events: EventLog,
  ) {}

  /**
   * Merges a suggestion with what came since it was made; the change is the caller's. One that does not merge stays open.
   * @throws NotFound, NotPermitted, WorkspaceNotActive, SuggestionDecided, SuggestionConflicts, LockAcquisitionFailed,
   * LockLost, DocumentTooLarge, ContentNotOfType
   */
  @Transactional()
  async accept(
    caller: Caller,
    id: string,
    suggestionId: string,
    { note, ...by }: Origin & { note?: string | undefined } = {},
  ): Promise<{ document: SharedDocument; suggestion: SuggestionEntry }> {
    const { tenantId, actorId } = caller;
    const before = await this.documents.getForWriting(caller, id);
    const open = await this.suggestions.get(tenantId, id, suggestionId);
    const content = mergedInto(before, open);
    const operationType = open.baseVersion === before.version ? 'update' : 'merge';
    const document = await this.writer.write(before, { content }, { authorId: actorId, operationType, ...by });
    const decision = { status: 'accepted', decidedBy: actorId, note, acceptedVersion: document.version } as const;
    const suggestion = await this.suggestions.decide(tenantId, id, suggestionId, decision);
    this.events.append(tenantId, suggestionChanged(actorId, document, suggestion));
    return { document, suggestion };
  }

  /**
   * For whoever may write, and for the author, who takes it back.
   * @throws NotFound, NotPermitted, WorkspaceNotActive, SuggestionDecided
   */
  @Transactional()
  async reject(caller: Caller, id: string, suggestionId: string, note?: string): Promise<SuggestionEntry> {
    const { tenantId, actorId } = caller;
    const document = await this.documents.get(caller, id);
    const { authorId } = await this.suggestions.get(tenantId, id, suggestionId);
    await this.access.assertMay(caller, document, authorId === actorId ? 'comment' : 'write');
    const decision = { status: 'rejected', decidedBy: actorId, note } as const;
    const suggestion = await this.suggestions.decide(tenantId, id, suggestionId, decision);
    this.events.append(tenantId, suggestionChanged(actorId, document, suggestion));
    return suggestion;
  }
}

/** What the document and the suggestion make together. @throws SuggestionDecided, SuggestionConflicts */
function mergedInto(document: SharedDocument, suggestion: Suggestion): string {
  const { base, edits, contentType } = suggestion;
  if (base === null) throw new SuggestionDecided(suggestion);
  const merge = mergeOf(contentType, document.contentType);
  const { content, conflicts } = merge(base, document.content, applyEdits(base, edits));
  if (conflicts.length > 0) throw new SuggestionConflicts(suggestion, conflicts);
  return content;
}

/** Code and YAML go by whole lines: two changes of one line seldom make sense together. */
function mergeOf(before: ContentType, now: ContentType): typeof mergeText {
  if (before === 'json' && now === 'json') return mergeJsonText;
  return now === 'text' || now === 'markdown' ? mergeProse : mergeText;
}
