import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import type { Edge, EdgeKind, StoredEdge } from './task.entity.js';

/** One step from a task to one that it depends on. */
export type Step = Pick<Edge, 'blockerId' | 'blockedId'>;

type Row = Record<string, unknown>;

const COLUMNS = `blocker_id AS "blockerId", blocked_id AS "blockedId", kind, on_failure AS "onFailure", outcome,
  created_at AS "createdAt", resolved_at AS "resolvedAt"`;

/** Edges between tasks, as rows. */
@Injectable()
export class EdgesRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Edges that start or end at the task. */
  @Operation()
  async list(tenantId: string, taskId: string): Promise<StoredEdge[]> {
    return this.read<Row & StoredEdge>(
      `SELECT ${COLUMNS} FROM task_edges
       WHERE tenant_id = $1 AND (blocker_id = $2 OR blocked_id = $2) ORDER BY blocker_id, blocked_id, kind`,
      [tenantId, taskId],
    );
  }

  /**
   * Until the commit nobody else adds an edge between existing tasks of the tenant. It changes the row, so that a
   * transaction with an older snapshot fails and is run again rather than not see the edge before.
   */
  @Operation()
  async lockGraph(tenantId: string): Promise<void> {
    await this.query(
      `INSERT INTO task_graphs AS g (tenant_id, changes) VALUES ($1, 1)
       ON CONFLICT (tenant_id) DO UPDATE SET changes = g.changes + 1`,
      [tenantId],
    );
  }

  /** All edges by which `from` depends on others, directly or not. */
  @Operation()
  async dependenciesOf(tenantId: string, from: string, kinds: readonly EdgeKind[]): Promise<Step[]> {
    return this.query<Row & Step>(
      `WITH RECURSIVE walk AS (
         SELECT blocker_id, blocked_id, kind FROM task_edges WHERE tenant_id = $1 AND blocked_id = $2 AND kind = ANY ($3)
         UNION
         SELECT e.blocker_id, e.blocked_id, e.kind FROM walk w
           JOIN task_edges e ON e.tenant_id = $1 AND e.blocked_id = w.blocker_id AND e.kind = ANY ($3)
       )
       SELECT DISTINCT blocker_id AS "blockerId", blocked_id AS "blockedId" FROM walk`,
      [tenantId, from, kinds],
    );
  }

  /** Undefined when there is such an edge already. */
  @Operation()
  async insert(tenantId: string, edge: Edge, resolved: boolean): Promise<StoredEdge | undefined> {
    const { blockerId, blockedId, kind, onFailure, outcome } = edge;
    const [stored] = await this.query<Row & StoredEdge>(
      `INSERT INTO task_edges AS e (tenant_id, blocker_id, blocked_id, kind, on_failure, outcome, created_at, resolved_at)
       SELECT $1, $2, $3, $4, $5, $6, now, CASE WHEN $7 THEN now END FROM clock_timestamp() AS now
       ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
      [tenantId, blockerId, blockedId, kind, onFailure, outcome, resolved],
    );
    return stored;
  }

  /** What was removed; undefined when there is no such edge. */
  @Operation()
  async remove(
    tenantId: string,
    { blockerId, blockedId, kind }: Pick<Edge, 'blockerId' | 'blockedId' | 'kind'>,
  ): Promise<StoredEdge | undefined> {
    const [edge] = await this.query<Row & StoredEdge>(
      `DELETE FROM task_edges WHERE tenant_id = $1 AND blocker_id = $2 AND blocked_id = $3 AND kind = $4
       RETURNING ${COLUMNS}`,
      [tenantId, blockerId, blockedId, kind],
    );
    return edge;
  }
}
