import { Injectable } from '@nestjs/common';
import { type Caller, grants } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { OptimisticLock } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import { NotPermitted, WorkspaceLocked, WorkspaceNotActive } from '../workspaces/index.js';
import { measured } from './content.js';
import { DocumentAccess } from './document-access.js';
import type { CreateDocument, ListDocuments, SearchDocuments, UpdateDocument } from './document.dto.js';
import type { SharedDocument } from './document.entity.js';
import { type Authorship, type DocumentChange, DocumentWriter } from './document-writer.js';
import { documentCreated, documentDeleted } from './documents.events.js';
import { DocumentsRepository, type Found, type WithoutContent } from './documents.repository.js';
import { QuickWrites } from './quick-writes.js';

/** Texts that agents and people write together. Nobody overwrites what he has not read. */
@Injectable()
export class DocumentsService {
  constructor(
    private readonly documents: DocumentsRepository,
    private readonly writer: DocumentWriter,
    private readonly quick: QuickWrites,
    private readonly access: DocumentAccess,
    private readonly events: EventLog,
  ) {}

  /** @throws NotFound, NotPermitted, WorkspaceNotActive, QuotaExceeded, DocumentTooLarge, ContentNotOfType */
  @Transactional()
  async create(caller: Caller, workspaceId: string, given: CreateDocument): Promise<SharedDocument> {
    const { tenantId, actorId } = caller;
    await this.access.assertMayAdd(caller, workspaceId);
    const { title, kind, contentType = 'text', content = '', labels = {} } = given;
    const bytes = measured(content, contentType);
    const vectorClock = { [actorId]: 1 };
    const row = { workspaceId, kind, title, contentType, content, bytes, labels, createdBy: actorId, vectorClock };
    const document = await this.documents.insert(tenantId, row);
    await this.writer.begin(document, { authorId: actorId, taskId: given.taskId, epoch: given.epoch });
    this.events.append(tenantId, documentCreated(actorId, document));
    return document;
  }

  /** @throws NotFound */
  async get(caller: Caller, id: string): Promise<SharedDocument> {
    const document = await this.documents.get(caller.tenantId, id);
    await this.access.assertMay(caller, document, 'read');
    return document;
  }

  /** Whether the caller may write a document that he may read. @throws NotFound */
  async mayWrite(caller: Caller, id: string): Promise<boolean> {
    const document = await this.get(caller, id);
    if (!grants(caller.scopes, 'documents:write')) return false;
    try {
      await this.access.assertMay(caller, document, 'write');
      return true;
    } catch (error) {
      if (error instanceof NotPermitted || error instanceof WorkspaceNotActive || error instanceof WorkspaceLocked) {
        return false;
      }
      throw error;
    }
  }

  /** Those of workspaces that the caller may read. */
  async list(caller: Caller, query: Partial<ListDocuments> = {}): Promise<Page<WithoutContent>> {
    return this.documents.list(caller.tenantId, query, await this.access.readable(caller));
  }

  /** The best matches first, in workspaces that the caller may read. */
  async search(caller: Caller, { q, limit = 20, ...filter }: SearchDocuments): Promise<Found[]> {
    const workspaceIds = await this.access.readable(caller);
    return this.documents.search(caller.tenantId, q, filter, { limit, workspaceIds });
  }

  /**
   * Changes what is given, if the document is still at `version`.
   * @throws NotFound, NotPermitted, WorkspaceNotActive, OptimisticLock, LockAcquisitionFailed, DocumentLockLost, DocumentTooLarge,
   * ContentNotOfType
   */
  async update(caller: Caller, id: string, version: number, given: UpdateDocument): Promise<SharedDocument> {
    const { taskId, epoch, lockToken, ...change } = given;
    const by = { authorId: caller.actorId, taskId, epoch, lockToken };
    if (this.quick.isPossible) {
      const before = await this.documents.get(caller.tenantId, id);
      await this.access.assertMay(caller, before, 'write');
      const written = before.version === version ? await this.quick.write(before, change, by) : undefined;
      if (written) return written;
    }
    return this.updateLocked(caller, id, version, { change, by });
  }

  /** Hides the document; it is in no list and takes no change any more. @throws NotFound, NotPermitted, LockAcquisitionFailed */
  @Transactional()
  async delete(caller: Caller, id: string): Promise<void> {
    const before = await this.getForWriting(caller, id);
    const document = await this.writer.remove(before, caller.actorId);
    this.events.append(caller.tenantId, documentDeleted(caller.actorId, document));
  }

  /** The document, locked until the end of the transaction. @throws NotFound, NotPermitted, WorkspaceNotActive */
  async getForWriting(caller: Caller, id: string): Promise<SharedDocument> {
    const document = await this.documents.getForUpdate(caller.tenantId, id);
    await this.access.assertMay(caller, document, 'write');
    return document;
  }

  @Transactional()
  private async updateLocked(
    caller: Caller,
    id: string,
    version: number,
    { change, by }: { change: DocumentChange; by: Authorship },
  ): Promise<SharedDocument> {
    const before = await this.getForWriting(caller, id);
    if (before.version !== version) throw new OptimisticLock('document', id, version, before.version);
    return this.writer.write(before, change, by);
  }
}
