import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { OptimisticLock } from '../shared/errors/index.js';
import type { Conflict, Strategy } from './conflict.js';
import { ConflictLedger, type Found } from './conflict-ledger.js';
import { measured } from './content.js';
import type { SharedDocument } from './document.entity.js';
import { type DocumentChange, DocumentWriter, type Origin } from './document-writer.js';
import { DocumentsService } from './documents.service.js';
import { applyEdits, type Edit } from './editing/edits.js';
import { mergeText } from './editing/merge.js';
import { memberAt } from './editing/json-path.js';
import { mergeJsonText } from './editing/merge-json.js';
import { assertVersioned, type DocumentVersion, HistoryService } from './history.service.js';

/** A document after a change, and what of the change did not merge. */
export interface Written {
  document: SharedDocument;
  conflicts: Conflict[];
}

export interface Editing extends Origin {
  edits: readonly Edit[];
  /** The version that the edits were made from; the newest unless given. */
  baseVersion?: number | undefined;
  strategy?: Strategy | undefined;
}

/** Changes that name what to change, or were made from an older version than there is now. */
@Injectable()
export class EditsService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly history: HistoryService,
    private readonly writer: DocumentWriter,
    private readonly ledger: ConflictLedger,
  ) {}

  /**
   * Applies edits to the newest version, all or none; or to an older one, and merges the result with what came since.
   * @throws NotFound, NotPermitted, WrongDocumentKind, EditNotApplicable, OptimisticLock for a version from the future,
   * DocumentTooLarge, ContentNotOfType
   */
  @Transactional()
  async edit(caller: Caller, id: string, { edits, baseVersion, strategy = 'merge', ...by }: Editing): Promise<Written> {
    const before = await this.documents.getForWriting(caller, id);
    assertVersioned(before);
    const from = await this.base(before, baseVersion ?? before.version);
    const content = applyEdits(from.content, edits);
    return this.merge(caller, before, from, { change: { content }, strategy, by });
  }

  /**
   * Changes what is given. Without a strategy the document must still be at `version`; with one, a change that was made
   * from an older version is merged with what came since.
   * @throws as `edit`
   */
  @Transactional()
  async update(
    caller: Caller,
    id: string,
    version: number,
    { change, strategy, by }: { change: DocumentChange; strategy?: Strategy | undefined; by: Origin },
  ): Promise<Written> {
    if (!strategy) {
      return { document: await this.documents.update(caller, id, version, { ...change, ...by }), conflicts: [] };
    }
    const before = await this.documents.getForWriting(caller, id);
    assertVersioned(before);
    const from = await this.base(before, version);
    return this.merge(caller, before, from, { change, strategy, by });
  }

  private async base(document: SharedDocument, version: number): Promise<DocumentVersion> {
    if (version > document.version) throw new OptimisticLock('document', document.id, version, document.version);
    return this.history.versionOf(document, version);
  }

  private async merge(
    { actorId }: Caller,
    before: SharedDocument,
    base: DocumentVersion,
    { change, strategy, by }: { change: DocumentChange; strategy: Strategy; by: Origin },
  ): Promise<Written> {
    const author = { authorId: actorId, ...by };
    if (base.version === before.version)
      return { document: await this.writer.write(before, change, author), conflicts: [] };
    const merging = merged(before, base, change, strategy);
    const conflicts = await this.ledger.note(actorId, before, base.version, { found: merging.conflicts, strategy });
    if (strategy === 'manual' && conflicts.length > 0) return { document: before, conflicts };
    const { title, content } = merging;
    const document = await this.writer.write(
      before,
      { ...change, title, content },
      { ...author, operationType: 'merge' },
    );
    return { document, conflicts };
  }
}

/** What the document and the change make together; where they conflict it is as the strategy says. */
function merged(
  document: SharedDocument,
  base: DocumentVersion,
  change: DocumentChange,
  strategy: Strategy,
): { title: string; content: string; conflicts: Found[] } {
  const wins = strategy === 'latest_wins';
  const { content = base.content, title = base.title, contentType = document.contentType } = change;
  measured(content, contentType);
  const isJson = contentType === 'json' && document.contentType === 'json';
  const merge = isJson ? mergeJsonText : mergeText;
  const [ours, theirs] = wins ? [content, document.content] : [document.content, content];
  const { content: text, conflicts } = merge(base.content, ours, theirs);
  const kind = isJson ? ('json' as const) : ('lines' as const);
  const found = conflicts.map(({ path, base: was, ours: one, theirs: other }): Found => {
    const [current, proposed] = wins ? [other, one] : [one, other];
    return { kind, path, base: was, current, proposed };
  });
  if (found.length > MAX_CONFLICTS) found.splice(0, Infinity, whole(kind, base.content, document.content, content));
  const titles = { base: base.title, current: document.title, proposed: title };
  const renamed = titles.proposed !== titles.base;
  const isBoth = renamed && titles.current !== titles.base && titles.current !== titles.proposed;
  if (isBoth) found.push({ kind: 'title', path: 'title', ...titles });
  return { title: renamed && (wins || !isBoth) ? title : document.title, content: text, conflicts: found };
}

/** More of them in one change than anybody settles one by one. */
const MAX_CONFLICTS = 100;

function whole(kind: 'json' | 'lines', base: string, current: string, proposed: string): Found {
  if (kind === 'lines') return { kind, path: 'all lines', base, current, proposed };
  const [from, own, other] = [base, current, proposed].map((text) => JSON.stringify(memberAt(text, '') ?? null));
  return { kind, path: '', base: from ?? null, current: own ?? null, proposed: other ?? null };
}
