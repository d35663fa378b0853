import { Injectable } from '@nestjs/common';
import {
  AggregateRepository,
  type EntityMetadata,
  Operation,
  Persistence,
  rowMapper,
} from '../shared/database/index.js';
import { KeysetCursor, type Page, pageOf } from '../shared/http/index.js';
import type { DurationsView, TaskCountsView, WorkloadNumbersView } from './stats.view.js';
import { PRIORITIES, Task } from './task.entity.js';

export interface StatsFilter {
  workspaceId?: string;
  type?: string;
  /** Open tasks always count; of those that ended, only those that did at this time or later. */
  since?: Date;
}

/** A task with its depth below the one that was asked for. */
export interface Descendant {
  task: Task;
  depth: number;
}

type Row = Record<string, unknown>;
type Count = { dimension: string; key: string; count: number };

/** Types and agents that are counted one by one: those with the most tasks. */
const MAX_KEYS = 100;
const ENDED = `('completed', 'failed', 'cancelled', 'timeout')`;
const FITTING = `tenant_id = $1 AND deleted_at IS NULL AND ($2::uuid IS NULL OR workspace_id = $2)
  AND ($3::text IS NULL OR type = $3) AND ($4::timestamptz IS NULL OR completed_at IS NULL OR completed_at >= $4)`;
/** When a task came to be overdue: its holder's lease, its attempt's time or its deadline, whichever was first. */
const OVERDUE_SINCE = `least(deadline, CASE WHEN status IN ('in_progress', 'awaiting_input') THEN overdue_at END,
  CASE WHEN status = 'in_progress' THEN timeout_at END)`;
const OVERDUE_CURSOR = new KeysetCursor('overdueSince', ['timestamp', 'uuid']);

/** Reports over many tasks; a replica may answer them. */
@Injectable()
export class StatsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** How many there are of each status, priority, type and agent, in one pass. */
  @Operation()
  async counts(tenantId: string, filter: StatsFilter): Promise<TaskCountsView> {
    const rows = await this.read<Row & Count>(
      `SELECT * FROM (
         SELECT CASE GROUPING(status, priority, type, assigned_to)
             WHEN 7 THEN 'status' WHEN 11 THEN 'priority' WHEN 13 THEN 'type' ELSE 'agent' END AS dimension,
           coalesce(status, priority::text, type, assigned_to::text) AS key, count(*)::int AS count,
           row_number() OVER (PARTITION BY GROUPING(status, priority, type, assigned_to) ORDER BY count(*) DESC) AS place
         FROM tasks WHERE ${FITTING}
         GROUP BY GROUPING SETS ((status), (priority), (type), (assigned_to))) g
       WHERE key IS NOT NULL AND place <= $5 ORDER BY place`,
      [...valuesOf(tenantId, filter), MAX_KEYS],
    );
    const of = (dimension: string, name = (key: string) => key) =>
      Object.fromEntries(rows.filter((row) => row.dimension === dimension).map(({ key, count }) => [name(key), count]));
    const byStatus = of('status');
    return {
      total: Object.values(byStatus).reduce((sum, count) => sum + count, 0),
      byStatus,
      byPriority: of('priority', (rank) => PRIORITIES[Number(rank)] ?? rank),
      byType: of('type'),
      byAgent: of('agent'),
    };
  }

  /** What can be claimed now, and since when the oldest of it. */
  @Operation()
  async queue(
    tenantId: string,
    { workspaceId, type }: StatsFilter,
  ): Promise<{ ready: number; oldestReadySeconds: number }> {
    const [row] = await this.read<{ ready: number; oldest: number }>(
      `SELECT count(*)::int AS ready, coalesce(extract(epoch FROM clock_timestamp() - min(ready_at)), 0)::float8 AS oldest
       FROM tasks WHERE tenant_id = $1 AND deleted_at IS NULL AND status = 'pending' AND open_blockers = 0
         AND ready_at <= clock_timestamp() AND ($2::uuid IS NULL OR workspace_id = $2) AND ($3::text IS NULL OR type = $3)`,
      [tenantId, workspaceId ?? null, type ?? null],
    );
    return { ready: row?.ready ?? 0, oldestReadySeconds: row?.oldest ?? 0 };
  }

  /** In seconds: from creation to completion, and from ready to the last claim, of tasks that are completed. */
  @Operation()
  async durations(tenantId: string, filter: StatsFilter): Promise<{ completion: DurationsView; claim: DurationsView }> {
    const [row] = await this.read<{ completion: DurationsView; claim: DurationsView }>(
      `SELECT ${durations('completion')} AS completion, ${durations('claim')} AS claim
       FROM (
         SELECT extract(epoch FROM completed_at - created_at)::float8 AS completion,
           extract(epoch FROM greatest(claimed_at - ready_at, interval '0'))::float8 AS claim
         FROM tasks WHERE ${FITTING} AND status = 'completed') c`,
      valuesOf(tenantId, filter),
    );
    if (!row) throw new Error('an aggregate gave no row');
    return row;
  }

  /** `today` began at midnight UTC. */
  @Operation()
  async workload(tenantId: string, agentId: string): Promise<WorkloadNumbersView> {
    const [row] = await this.read<Row & WorkloadNumbersView>(
      `SELECT
         count(*) FILTER (WHERE status IN ('assigned', 'accepted'))::int AS pending,
         count(*) FILTER (WHERE status IN ('in_progress', 'awaiting_input'))::int AS active,
         count(*) FILTER (WHERE status = 'completed' AND completed_at >= date_trunc('day', now(), 'UTC'))::int AS "completedToday",
         avg(extract(epoch FROM completed_at - claimed_at)) FILTER (WHERE status = 'completed')::float8 AS "meanSeconds"
       FROM tasks WHERE tenant_id = $1 AND assigned_to = $2 AND deleted_at IS NULL`,
      [tenantId, agentId],
    );
    if (!row) throw new Error('an aggregate gave no row');
    return row;
  }

  /** Open tasks past their deadline, or held past their time; those that have been so for longest coming first. */
  @Operation()
  async overdue(tenantId: string, page: { after?: string | undefined; limit: number }): Promise<Page<Task>> {
    const [at, id] = OVERDUE_CURSOR.decode(page.after) ?? [];
    const rows = await this.read<Row & { since: Date }>(
      `SELECT * FROM (SELECT *, ${OVERDUE_SINCE} AS since FROM tasks
         WHERE tenant_id = $1 AND deleted_at IS NULL AND status NOT IN ${ENDED}) t
       WHERE since <= clock_timestamp() AND ($2::timestamptz IS NULL OR (since, id) > ($2, $3::uuid))
       ORDER BY since, id LIMIT $4`,
      [tenantId, at ?? null, id ?? null, page.limit + 1],
    );
    const { items, ...rest } = pageOf(rows, page.limit, ({ since, ...last }) =>
      OVERDUE_CURSOR.encode([since.toISOString(), String(last.id)]),
    );
    return { ...rest, items: items.map((row) => this.toTask(row)) };
  }

  /** Below the task, level by level and in order of creation; the task itself is not among them. */
  @Operation()
  async descendants(tenantId: string, id: string, depth: number, limit: number): Promise<Descendant[]> {
    const rows = await this.read<Row & { depth: number }>(
      `WITH RECURSIVE tree AS (
         SELECT id, 1 AS depth FROM tasks WHERE tenant_id = $1 AND parent_task_id = $2 AND deleted_at IS NULL
         UNION ALL
         SELECT c.id, t.depth + 1 FROM tree t
           JOIN tasks c ON c.tenant_id = $1 AND c.parent_task_id = t.id AND c.deleted_at IS NULL
         WHERE t.depth < $3)
       SELECT k.*, t.depth FROM tree t JOIN tasks k ON k.tenant_id = $1 AND k.id = t.id
       ORDER BY t.depth, k.created_at, k.id LIMIT $4`,
      [tenantId, id, depth, limit],
    );
    return rows.map(({ depth: level, ...row }) => ({ task: this.toTask(row), depth: level }));
  }

  private toTask(row: Row): Task {
    return rowMapper<Task>(this.metadata)(row);
  }

  private get metadata(): EntityMetadata {
    return this.persistence.database.metadata(Task);
  }
}

const valuesOf = (tenantId: string, { workspaceId, type, since }: StatsFilter): unknown[] => [
  tenantId,
  workspaceId ?? null,
  type ?? null,
  since ?? null,
];

const durations = (column: 'completion' | 'claim'): string => {
  const part = (share: number): string => `percentile_cont(${share}) WITHIN GROUP (ORDER BY ${column})`;
  return `jsonb_build_object('count', count(${column}), 'mean', avg(${column}), 'p50', ${part(0.5)}, 'p95', ${part(0.95)}, 'p99', ${part(0.99)})`;
};
