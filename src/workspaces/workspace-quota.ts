import { Injectable } from '@nestjs/common';
import { Quotas } from '../shared/quotas/index.js';
import { WorkspaceSettings } from './workspace.settings.js';
import { WorkspacesRepository } from './workspaces.repository.js';

/** How many workspaces a tenant may have. */
@Injectable()
export class WorkspaceQuota {
  constructor(
    private readonly quotas: Quotas,
    private readonly workspaces: WorkspacesRepository,
    private readonly settings: WorkspaceSettings,
  ) {}

  /** For the transaction that adds one. @throws QuotaExceeded */
  take(tenantId: string): Promise<void> {
    const { limit } = this.settings;
    return this.quotas.take(tenantId, 'workspaces', { limit, count: () => this.workspaces.count(tenantId) });
  }
}
