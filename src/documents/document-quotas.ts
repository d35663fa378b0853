import { Injectable } from '@nestjs/common';
import { QuotaExceeded, Quotas } from '../shared/quotas/index.js';
import { DocumentsRepository } from './documents.repository.js';

const MAX_DOCUMENTS_OF_WORKSPACE = 1_000;
const MAX_DOCUMENTS_OF_TENANT = 10_000;

/** How many documents there may be, in a workspace and in all. */
@Injectable()
export class DocumentQuotas {
  constructor(
    private readonly quotas: Quotas,
    private readonly documents: DocumentsRepository,
  ) {}

  /** For the transaction that adds one. @throws QuotaExceeded */
  async take(tenantId: string, workspaceId: string): Promise<void> {
    const all = { limit: MAX_DOCUMENTS_OF_TENANT, count: () => this.documents.count(tenantId) };
    await this.quotas.take(tenantId, 'documents', all);
    // Whoever adds to any workspace of the tenant waits for this transaction already.
    const there = await this.documents.count(tenantId, { workspaceId });
    if (there >= MAX_DOCUMENTS_OF_WORKSPACE) {
      throw new QuotaExceeded('documents in the workspace', MAX_DOCUMENTS_OF_WORKSPACE);
    }
  }
}
