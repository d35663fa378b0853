import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { NotFound } from '../shared/errors/index.js';
import { DocumentAccess } from './document-access.js';
import type { SharedDocument } from './document.entity.js';
import { DocumentsService } from './documents.service.js';
import { HistoryService } from './history.service.js';
import { type Collaboration, type DocumentStats, ReportsRepository } from './reports.repository.js';
import type { DocumentReportView, DocumentStatsView } from './reports.view.js';

/** Numbers about documents, and whether what is stored of them agrees with itself. */
@Injectable()
export class ReportsService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly access: DocumentAccess,
    private readonly reports: ReportsRepository,
    private readonly history: HistoryService,
  ) {}

  /** @throws NotFound */
  async stats(caller: Caller, id: string): Promise<DocumentStatsView> {
    const { version, bytes } = await this.documents.get(caller, id);
    const stats: DocumentStats = await this.reports.stats(caller.tenantId, id);
    return { version, bytes, ...stats };
  }

  /** Who wrote how much in the documents of a workspace, in the last `days`. @throws NotFound */
  async collaboration(caller: Caller, workspaceId: string, days: number): Promise<Collaboration> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const since = new Date(Date.now() - days * 86_400_000);
    return this.reports.collaboration(caller.tenantId, workspaceId, since);
  }

  /** Reads the whole log as of one moment, and changes nothing. @throws NotFound */
  @Transactional({ readOnly: true, readYourWrites: true, isolation: 'REPEATABLE READ', timeoutMs: 60_000 })
  async integrity(caller: Caller, id: string): Promise<DocumentReportView> {
    const document = await this.documents.get(caller, id);
    const issues = await this.reports.issues(caller.tenantId, id);
    const replayed = document.kind === 'versioned' ? await this.replayed(document) : undefined;
    const { operations, snapshots } = await this.reports.stats(caller.tenantId, id);
    return {
      checked: { operations, snapshots },
      issues: [...issues, ...(replayed ? [replayed] : [])].map((issue) => ({ ...issue, severity: 'error', fix: FIX })),
    };
  }

  /** The content must be what its log makes. */
  private async replayed(document: SharedDocument): Promise<{ type: 'content_differs'; message: string } | undefined> {
    try {
      const { title, content } = await this.history.rebuilt(document, document.version);
      if (title === document.title && content === document.content) return undefined;
      return { type: 'content_differs', message: `version ${document.version} is not what the log makes` };
    } catch (error) {
      if (!(error instanceof NotFound || error instanceof RangeError)) throw error;
      return { type: 'content_differs', message: `the log does not make version ${document.version}` };
    }
  }
}

const FIX = 'No operation of Muster leaves this: keep the database as it is, and report it.';
