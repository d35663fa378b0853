import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';

export interface DocumentStats {
  /** Of the log, as far as it is kept. */
  operations: number;
  pendingOperations: number;
  authors: number;
  snapshots: number;
  snapshotBytes: number;
  firstOperationAt: Date | null;
  lastOperationAt: Date | null;
}

/** What one author has done in a time. */
export interface Contribution {
  agentId: string;
  operations: number;
  documents: number;
  lastAt: Date;
}

export interface Collaboration {
  operations: number;
  documents: number;
  /** Documents that more than one author wrote in. */
  sharedDocuments: number;
  /** The busiest first, a hundred at most. */
  authors: Contribution[];
}

/** Something in a document's rows that contradicts something else. */
export interface DocumentIssue {
  type: 'sequence_gap' | 'missing_clock' | 'snapshot_not_monotonic' | 'snapshot_ahead';
  message: string;
}

/** Numbers over the logs of documents, and whether they agree with themselves. */
@Injectable()
export class ReportsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async stats(tenantId: string, documentId: string): Promise<DocumentStats> {
    const [row] = await this.read<DocumentStats>(
      `SELECT o.*, s.* FROM
         (SELECT count(*)::int AS operations, count(*) FILTER (WHERE applied_at IS NULL)::int AS "pendingOperations",
            count(DISTINCT agent_id)::int AS authors, min(created_at) AS "firstOperationAt",
            max(created_at) AS "lastOperationAt"
          FROM document_operations WHERE tenant_id = $1 AND document_id = $2) o,
         (SELECT count(*)::int AS snapshots, coalesce(sum(bytes), 0)::float8 AS "snapshotBytes"
          FROM document_snapshots WHERE tenant_id = $1 AND document_id = $2) s`,
      [tenantId, documentId],
    );
    return row as DocumentStats;
  }

  /** Of the documents of a workspace, since a time. */
  @Operation()
  async collaboration(tenantId: string, workspaceId: string, since: Date): Promise<Collaboration> {
    const done = `
      WITH done AS (
        SELECT o.document_id, o.agent_id, o.created_at FROM document_operations o
          JOIN shared_documents d ON d.tenant_id = o.tenant_id AND d.id = o.document_id
        WHERE o.tenant_id = $1 AND d.workspace_id = $2 AND o.created_at >= $3)`;
    const values = [tenantId, workspaceId, since];
    const [totals] = await this.read<Omit<Collaboration, 'authors'>>(
      `${done} SELECT coalesce(sum(n), 0)::int AS operations, count(*)::int AS documents,
         count(*) FILTER (WHERE authors > 1)::int AS "sharedDocuments"
       FROM (SELECT document_id, count(*) AS n, count(DISTINCT agent_id) AS authors FROM done GROUP BY document_id) each`,
      values,
    );
    const authors = await this.read<Contribution>(
      `${done} SELECT agent_id AS "agentId", count(*)::int AS operations, count(DISTINCT document_id)::int AS documents,
         max(created_at) AS "lastAt"
       FROM done GROUP BY agent_id ORDER BY operations DESC, agent_id LIMIT 100`,
      values,
    );
    return { ...(totals as Omit<Collaboration, 'authors'>), authors };
  }

  /** A hundred issues at most. */
  @Operation()
  issues(tenantId: string, documentId: string): Promise<DocumentIssue[]> {
    return this.query<DocumentIssue>(
      `WITH log AS (
         SELECT sequence, version, vector_clock, lag(sequence) OVER (ORDER BY sequence) AS before
         FROM document_operations WHERE tenant_id = $1 AND document_id = $2),
       kept AS (
         SELECT id, sequence, version, lag(version) OVER (ORDER BY sequence, id) AS before
         FROM document_snapshots WHERE tenant_id = $1 AND document_id = $2)
       SELECT 'sequence_gap' AS type, format('operation %s follows %s', sequence, before) AS message
         FROM log WHERE before IS NOT NULL AND sequence <> before + 1
       UNION ALL SELECT 'missing_clock', format('operation %s, which made version %s, has no clock', sequence, version)
         FROM log WHERE version IS NOT NULL AND vector_clock = '{}'
       UNION ALL SELECT 'snapshot_not_monotonic', format('the snapshot %s is of version %s, the one before of %s', id, version, before)
         FROM kept WHERE before > version
       UNION ALL SELECT 'snapshot_ahead', format('the snapshot %s is of version %s, the document of %s', k.id, k.version, d.version)
         FROM kept k, shared_documents d WHERE d.tenant_id = $1 AND d.id = $2 AND k.version > d.version
       LIMIT 100`,
      [tenantId, documentId],
    );
  }
}
