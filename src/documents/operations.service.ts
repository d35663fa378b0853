import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { assertStorable } from '../shared/errors/index.js';
import { ChangeNotices } from '../shared/events/index.js';
import { DocumentAccess } from './document-access.js';
import { DocumentsRepository } from './documents.repository.js';
import { DocumentsService } from './documents.service.js';
import type { DocumentOperation } from './operation.js';
import type { RecordOperation } from './operation.dto.js';
import { OperationsRepository, type Recorded } from './operations.repository.js';

/** The log of a document: what changed it, and what applications write beside it in a model of their own. */
@Injectable()
export class OperationsService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly rows: DocumentsRepository,
    private readonly access: DocumentAccess,
    private readonly operations: OperationsRepository,
    private readonly notices: ChangeNotices,
  ) {}

  /**
   * Appends an operation of an application's own model, which gets the next number; the content stays as it is. Calls
   * at the same time share a transaction.
   * @throws NotFound, NotPermitted, WorkspaceNotActive, InvalidInput
   */
  async record(caller: Caller, id: string, given: RecordOperation): Promise<Recorded> {
    const { tenantId, actorId } = caller;
    const document = await this.rows.get(tenantId, id);
    await this.access.assertMay(caller, document, 'write');
    assertStorable(given.value, 'value');
    const { vectorClock = {}, applied = true, ...rest } = given;
    const recorded = await this.operations.record(tenantId, id, { ...rest, vectorClock, applied, agentId: actorId });
    await this.notices.noted();
    return recorded;
  }

  /** Marks an operation that was recorded as waiting, once. @throws NotFound, NotPermitted, OperationApplied */
  @Transactional()
  async markApplied(caller: Caller, id: string, operationId: string): Promise<DocumentOperation> {
    await this.documents.getForWriting(caller, id);
    return this.operations.markApplied(caller.tenantId, id, operationId);
  }

  /** After `after`, in order; all of them, or those that wait to be applied. @throws NotFound */
  async list(
    caller: Caller,
    id: string,
    { after = 0, limit, pending = false }: { after?: number | undefined; limit: number; pending?: boolean | undefined },
  ): Promise<DocumentOperation[]> {
    await this.documents.get(caller, id);
    return pending
      ? this.operations.pending(caller.tenantId, id, after, limit)
      : this.operations.since(caller.tenantId, id, after, limit);
  }

  /** From one number to another, both included, in order. @throws NotFound */
  async bySequence(caller: Caller, id: string, from: number, to: number): Promise<DocumentOperation[]> {
    await this.documents.get(caller, id);
    return this.operations.bySequence(caller.tenantId, id, from, to);
  }
}
