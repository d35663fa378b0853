import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import type { Conflict, Resolution } from './conflict.js';
import { ConflictsRepository } from './conflicts.repository.js';
import { parsed } from './content.js';
import type { SharedDocument } from './document.entity.js';
import { type DocumentChange, DocumentWriter, type Origin } from './document-writer.js';
import { ConflictPlaceGone, ConflictResolved } from './documents.errors.js';
import { conflictResolved } from './documents.events.js';
import { DocumentsService } from './documents.service.js';
import { memberAt, withMember } from './editing/json-path.js';

/** A conflict of an application's own. */
export interface RecordedConflict {
  path: string;
  base?: string | undefined;
  current?: string | undefined;
  proposed?: string | undefined;
}

/** What did not merge, until somebody settles it. */
@Injectable()
export class ConflictsService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly conflicts: ConflictsRepository,
    private readonly writer: DocumentWriter,
    private readonly events: EventLog,
  ) {}

  /** Writes a conflict that an application found into the ledger. @throws NotFound, NotPermitted */
  @Transactional()
  async record(caller: Caller, id: string, { path, base, current, proposed }: RecordedConflict): Promise<Conflict> {
    const { version, vectorClock } = await this.documents.getForWriting(caller, id);
    return this.conflicts.record(caller.tenantId, id, {
      kind: 'recorded',
      path,
      base: base ?? null,
      current: current ?? null,
      proposed: proposed ?? null,
      baseVersion: null,
      currentVersion: version,
      baseClock: {},
      currentClock: vectorClock,
      proposedClock: {},
      strategy: 'custom',
      proposedBy: caller.actorId,
    });
  }

  /** Oldest first. @throws NotFound */
  async list(
    caller: Caller,
    id: string,
    { open = false, limit, after }: { open?: boolean | undefined; limit: number; after?: string | undefined },
  ): Promise<Page<Conflict>> {
    await this.documents.get(caller, id);
    return this.conflicts.list(caller.tenantId, id, { open, limit, after });
  }

  /**
   * Settles a conflict, once: the document keeps what it has, or gets at the place of the conflict what was proposed,
   * or a value of one's own. One that an application recorded changes nothing but the ledger.
   * @throws NotFound, NotPermitted, ConflictResolved, ConflictPlaceGone when the document changed there since
   */
  @Transactional()
  async resolve(
    caller: Caller,
    id: string,
    conflictId: string,
    { choose, value, ...by }: { choose: Resolution; value?: string | undefined } & Origin,
  ): Promise<Conflict> {
    const before = await this.documents.getForWriting(caller, id);
    const open = await this.conflicts.get(caller.tenantId, id, conflictId);
    if (open.resolution) throw new ConflictResolved(open);
    const wanted = choose === 'custom' ? (value ?? null) : open.proposed;
    if (choose !== 'current' && open.kind !== 'recorded') {
      await this.writer.write(before, settled(before, open, wanted), {
        ...by,
        authorId: caller.actorId,
        operationType: 'merge',
      });
    }
    const settling = { resolution: choose, resolvedBy: caller.actorId };
    const conflict = await this.conflicts.resolve(caller.tenantId, id, conflictId, settling);
    this.events.append(caller.tenantId, conflictResolved(caller.actorId, before, conflict));
    return conflict;
  }
}

/** What the document becomes where it still has what it had when the conflict was found. */
function settled(document: SharedDocument, conflict: Conflict, wanted: string | null): DocumentChange {
  const { kind, path, current } = conflict;
  if (kind === 'title') {
    if (document.title !== current) throw new ConflictPlaceGone(conflict);
    return { title: wanted ?? document.title };
  }
  const content = kind === 'json' ? inJson(document, path, current, wanted) : inText(document, current, wanted);
  if (content === undefined) throw new ConflictPlaceGone(conflict);
  return { content };
}

function inText({ content }: SharedDocument, current: string | null, wanted: string | null): string | undefined {
  const at = content.indexOf(current ?? '');
  const isOnce = current !== null && current !== '' && at >= 0 && content.indexOf(current, at + 1) < 0;
  return isOnce ? content.slice(0, at) + (wanted ?? '') + content.slice(at + current.length) : undefined;
}

function inJson(document: SharedDocument, path: string, current: string | null, wanted: string | null) {
  const found = memberAt(document.content, path);
  const was = found === undefined ? null : JSON.stringify(found);
  if (was !== current) return undefined;
  return withMember(document.content, path, wanted === null ? undefined : parsed(wanted));
}
