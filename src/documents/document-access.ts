import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { NotFound } from '../shared/errors/index.js';
import { type Right, WorkspaceAccess, WorkspaceNotActive, WorkspacesService } from '../workspaces/index.js';
import type { SharedDocument } from './document.entity.js';
import { DocumentQuotas } from './document-quotas.js';

/** Who may do what with documents: what he may do in their workspaces. */
@Injectable()
export class DocumentAccess {
  constructor(
    private readonly workspaces: WorkspacesService,
    private readonly access: WorkspaceAccess,
    private readonly quotas: DocumentQuotas,
  ) {}

  /** @throws NotFound for the document where its workspace is not to be known of; NotPermitted, WorkspaceNotActive */
  async assertMay(caller: Caller, { id, workspaceId }: SharedDocument, right: Right): Promise<void> {
    try {
      await this.assertMayIn(caller, workspaceId, right);
    } catch (error) {
      throw error instanceof NotFound ? new NotFound('document', id) : error;
    }
  }

  /** @throws NotFound for the workspace, NotPermitted, WorkspaceLocked, WorkspaceNotActive */
  async assertMayIn(caller: Caller, workspaceId: string, right: Right): Promise<void> {
    // Without a lock on the workspace's row: it would be shared by all writers of all its documents at once.
    const workspace = await this.workspaces.get(caller, workspaceId);
    await this.access.assertMay(caller, workspace, right);
    if (right === 'write' && workspace.status !== 'active') throw new WorkspaceNotActive(workspace);
  }

  /** For the transaction that adds a document. @throws as `assertMayIn`, and QuotaExceeded */
  async assertMayAdd(caller: Caller, workspaceId: string): Promise<void> {
    await this.assertMayIn(caller, workspaceId, 'write');
    await this.quotas.take(caller.tenantId, workspaceId);
  }

  /** The workspaces whose documents he may know of; undefined for all. */
  readable(caller: Caller): Promise<string[] | undefined> {
    return this.access.readable(caller);
  }
}
