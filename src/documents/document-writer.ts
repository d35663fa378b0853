import { Injectable } from '@nestjs/common';
import { ChangeNotices } from '../shared/events/index.js';
import { changeValue } from './change-value.js';
import { measured } from './content.js';
import type { ContentType, SharedDocument } from './document.entity.js';
import { WrongDocumentKind } from './documents.errors.js';
import { documentChanged } from './documents.events.js';
import { type DocumentPatch, DocumentsRepository } from './documents.repository.js';
import { LockGuard } from './locks/lock-guard.js';
import type { OperationType, WrittenFor } from './operation.js';
import { OperationsRepository } from './operations.repository.js';
import { SnapshotsRepository } from './snapshots.repository.js';

/** What a versioned document becomes; what is left out stays. */
export interface DocumentChange {
  title?: string | undefined;
  content?: string | undefined;
  contentType?: ContentType | undefined;
  labels?: Record<string, string> | undefined;
}

export interface Origin extends WrittenFor {
  /** Of the lock that the author believes to hold. */
  lockToken?: number | undefined;
}

export interface Authorship extends Origin {
  authorId: string;
  operationType?: OperationType;
}

/** So that a version is rebuilt from a snapshot and at most so many operations. */
const SNAPSHOT_EVERY = 100;

/** The one way in which the content of a versioned document changes, whatever door it comes by. */
@Injectable()
export class DocumentWriter {
  constructor(
    private readonly documents: DocumentsRepository,
    private readonly operations: OperationsRepository,
    private readonly snapshots: SnapshotsRepository,
    private readonly guard: LockGuard,
    private readonly notices: ChangeNotices,
  ) {
    notices.declare(documentChanged);
  }

  /**
   * The version after `before`, with its operation in the log; for a transaction that has locked the document.
   * @throws what `patchOf` does, LockAcquisitionFailed, DocumentLockLost
   */
  async write(before: SharedDocument, change: DocumentChange, by: Authorship): Promise<SharedDocument> {
    const { tenantId, id, version } = before;
    const patch = patchOf(before, change, by);
    const content = change.content ?? before.content;
    // In another type every section is something else.
    const isRetyped = change.contentType !== undefined && change.contentType !== before.contentType;
    const touched = isRetyped ? undefined : content;
    await this.guard.assertMayWrite(before, { authorId: by.authorId, content: touched, lockToken: by.lockToken });
    const after = await this.documents.update(tenantId, id, version, patch);
    await this.log(after, before.content, by);
    return after;
  }

  /** The first operation of a document, which is its whole content. */
  async begin(document: SharedDocument, by: Authorship): Promise<void> {
    await this.log(document, '', { operationType: 'insert', ...by });
  }

  /** Hides the document; for a transaction that has locked it. @throws LockAcquisitionFailed */
  async remove(document: SharedDocument, authorId: string): Promise<SharedDocument> {
    await this.guard.assertMayWrite(document, { authorId });
    return this.documents.softDelete(document.tenantId, document.id);
  }

  private async log(document: SharedDocument, before: string, by: Authorship): Promise<void> {
    const { tenantId, id, version, title, content, vectorClock } = document;
    const { authorId, operationType = 'update', taskId, epoch } = by;
    const value = changeValue(title, before, content);
    const written = { operationType, value, agentId: authorId, vectorClock, version, applied: true, taskId, epoch };
    const { sequence } = await this.operations.record(tenantId, id, written);
    if (getsSnapshot(version)) await this.snapshots.insert(document, { sequence, createdBy: authorId });
    await this.notices.noted();
  }
}

/**
 * What a change makes of the columns. The text of a live document is not among them: its replicas make it.
 * @throws WrongDocumentKind, InvalidInput, DocumentTooLarge, ContentNotOfType
 */
export function patchOf(before: SharedDocument, change: DocumentChange, { authorId }: Authorship) {
  const { content } = change;
  if (content !== undefined && before.kind !== 'versioned') {
    throw new WrongDocumentKind(before.id, before.kind, 'versioned');
  }
  const contentType = change.contentType ?? before.contentType;
  const isMeasured = content !== undefined || change.contentType !== undefined;
  return {
    ...change,
    ...(isMeasured && { bytes: measured(content ?? before.content, contentType) }),
    lastModifiedBy: authorId,
    vectorClock: { ...before.vectorClock, [authorId]: (before.vectorClock[authorId] ?? 0) + 1 },
  } satisfies DocumentPatch;
}

export const getsSnapshot = (version: number): boolean => version % SNAPSHOT_EVERY === 0;
