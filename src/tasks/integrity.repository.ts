import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import type { Step } from './edges.repository.js';
import { INTEGRITY_CHECKS, type IntegrityCheck } from './integrity-checks.js';
import type { IntegrityCountsView } from './integrity.view.js';

type Row = Record<string, unknown>;

/** An issue as a check finds it. */
export interface Found {
  check: Pick<IntegrityCheck, 'type' | 'severity' | 'entity' | 'fix'>;
  id: string;
  message: string;
}

/** Edges among which circles are looked for; 100 bytes each. */
const MAX_EDGES = 200_000;

/** Looks for rows that contradict each other. Called inside one transaction, as of one moment. */
@Injectable()
export class IntegrityRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async counts(tenantId: string): Promise<IntegrityCountsView & { now: Date }> {
    const [row] = await this.query<Row & IntegrityCountsView & { now: Date }>(
      `SELECT date_trunc('milliseconds', clock_timestamp()) AS now,
         (SELECT count(*)::int FROM tasks WHERE tenant_id = $1 AND deleted_at IS NULL) AS tasks,
         (SELECT count(*)::int FROM task_edges WHERE tenant_id = $1) AS edges,
         (SELECT count(*)::int FROM task_attempts WHERE tenant_id = $1) AS attempts,
         (SELECT count(*)::int FROM task_lanes WHERE tenant_id = $1) AS lanes,
         (SELECT count(*)::int FROM task_concurrency WHERE tenant_id = $1) AS "concurrencyKeys"`,
      [tenantId],
    );
    if (!row) throw new Error('a count gave no row');
    return row;
  }

  /** At most `limit` of each check. */
  @Operation()
  async issues(tenantId: string, limit: number): Promise<Found[]> {
    const found: Found[] = [];
    for (const check of INTEGRITY_CHECKS) {
      const rows = await this.query<{ id: string; message: string }>(check.sql, [tenantId, limit]);
      found.push(...rows.map(({ id, message }) => ({ check, id, message })));
    }
    return found;
  }

  /** Edges that still block. */
  @Operation()
  async openEdges(tenantId: string): Promise<Step[]> {
    return this.query<Row & Step>(
      `SELECT blocker_id AS "blockerId", blocked_id AS "blockedId" FROM task_edges
       WHERE tenant_id = $1 AND resolved_at IS NULL AND kind IN ('blocks', 'waits_for', 'conditional') LIMIT $2`,
      [tenantId, MAX_EDGES],
    );
  }

  /** Tasks that are held, by the agents that hold them. */
  @Operation()
  async holders(tenantId: string): Promise<ReadonlyMap<string, string[]>> {
    const rows = await this.query<{ agentId: string; taskIds: string[] }>(
      `SELECT assigned_to AS "agentId", array_agg(id ORDER BY id) AS "taskIds" FROM tasks
       WHERE tenant_id = $1 AND status IN ('in_progress', 'awaiting_input') AND assigned_to IS NOT NULL
         AND deleted_at IS NULL
       GROUP BY 1`,
      [tenantId],
    );
    return new Map(rows.map(({ agentId, taskIds }) => [agentId, taskIds]));
  }
}
