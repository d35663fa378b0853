import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import type { Page } from '../shared/http/index.js';
import type { SharedDocument } from './document.entity.js';
import type { ChangeValue } from './change-value.js';
import { DocumentWriter, type Origin } from './document-writer.js';
import { DocumentsService } from './documents.service.js';
import { WrongDocumentKind } from './documents.errors.js';
import { applySplices } from './editing/splices.js';
import { OperationsRepository } from './operations.repository.js';
import { type Snapshot, type SnapshotEntry, SnapshotsRepository } from './snapshots.repository.js';

/** A versioned document as it was. */
export interface DocumentVersion {
  version: number;
  title: string;
  content: string;
}

/** What versioned documents were, and how they become so again. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly operations: OperationsRepository,
    private readonly snapshots: SnapshotsRepository,
    private readonly writer: DocumentWriter,
  ) {}

  /** @throws NotFound for the document, or a version that never was or is no longer kept */
  async at(caller: Caller, id: string, version?: number): Promise<DocumentVersion> {
    const document = await this.documents.get(caller, id);
    return this.versionOf(document, version ?? document.version);
  }

  /**
   * A version, made of the newest snapshot before it and the changes since.
   * @throws NotFound, WrongDocumentKind
   */
  async versionOf(document: SharedDocument, version: number): Promise<DocumentVersion> {
    const { title, content } = document;
    assertVersioned(document);
    return version === document.version ? { version, title, content } : this.rebuilt(document, version);
  }

  /** A version as the log makes it, be it the present one or not. @throws NotFound */
  async rebuilt({ tenantId, id }: SharedDocument, version: number): Promise<DocumentVersion> {
    const base = await this.snapshots.atOrBefore(tenantId, id, version);
    const from = base ?? { version: 0, title: '', content: '' };
    const changes = await this.operations.changes(tenantId, id, from.version, version);
    const isWhole = version > 0 && changes.length === version - from.version;
    if (!isWhole) throw new NotFound('document version', String(version));
    const then = { version, title: from.title, content: from.content };
    for (const { value } of changes) {
      const change = value as ChangeValue;
      then.title = change.title;
      then.content = applySplices(then.content, change.splices);
    }
    return then;
  }

  /** Keeps the document as it is now. @throws NotFound, NotPermitted, WrongDocumentKind */
  @Transactional()
  async createSnapshot(caller: Caller, id: string, label?: string): Promise<SnapshotEntry> {
    const document = await this.documents.getForWriting(caller, id);
    assertVersioned(document);
    const sequence = await this.operations.last(caller.tenantId, id);
    return this.snapshots.insert(document, { sequence, label: label ?? null, createdBy: caller.actorId });
  }

  /** @throws NotFound */
  async snapshot(caller: Caller, id: string, snapshotId: string): Promise<Snapshot> {
    await this.documents.get(caller, id);
    return this.snapshots.get(caller.tenantId, id, snapshotId);
  }

  /** Newest first. @throws NotFound */
  async listSnapshots(caller: Caller, id: string, limit: number, after?: string): Promise<Page<SnapshotEntry>> {
    await this.documents.get(caller, id);
    return this.snapshots.list(caller.tenantId, id, limit, after);
  }

  /**
   * Removes all snapshots but the newest ones, and but that which the kept operations build on. Answers how many.
   * @param keepLast at least 1
   */
  @Transactional()
  async purgeSnapshots(caller: Caller, id: string, keepLast: number): Promise<number> {
    await this.documents.getForWriting(caller, id);
    return this.snapshots.purge(caller.tenantId, id, keepLast);
  }

  /** Writes the title and the content of an earlier version once more. @throws as `DocumentsService.update` */
  @Transactional()
  async restore(
    caller: Caller,
    id: string,
    version: number,
    { version: earlier, ...by }: { version: number } & Origin,
  ): Promise<SharedDocument> {
    const before = await this.documents.getForWriting(caller, id);
    if (before.version !== version) throw new OptimisticLock('document', id, version, before.version);
    const { title, content } = await this.versionOf(before, earlier);
    return this.writer.write(before, { title, content }, { ...by, authorId: caller.actorId });
  }

  /**
   * Removes the operations before `sequence`, and keeps the document as it was just before it. One that waits to be
   * applied stays, and what comes after it.
   * @returns how many operations are gone
   * @throws NotFound, NotPermitted, WrongDocumentKind
   */
  @Transactional()
  async compact(caller: Caller, id: string, sequence: number): Promise<number> {
    const document = await this.documents.getForWriting(caller, id);
    assertVersioned(document);
    const { tenantId } = caller;
    const [waiting] = await this.operations.pending(tenantId, id, 0, 1);
    const last = await this.operations.last(tenantId, id);
    const before = Math.min(sequence, waiting?.sequence ?? Infinity, last + 1);
    const kept =
      (await this.operations.versionBefore(tenantId, id, before)) ??
      (await this.snapshots.atOrBefore(tenantId, id, document.version));
    if (kept === undefined) return 0;
    const then = await this.versionOf(document, kept.version);
    const { vectorClock } = kept;
    const snapshot = { ...document, ...then, vectorClock, bytes: Buffer.byteLength(then.content) };
    await this.snapshots.insert(snapshot, { sequence: before - 1, createdBy: caller.actorId });
    return this.operations.deleteBefore(tenantId, id, before);
  }
}

export function assertVersioned({ id, kind }: SharedDocument): void {
  if (kind !== 'versioned') throw new WrongDocumentKind(id, kind, 'versioned');
}
