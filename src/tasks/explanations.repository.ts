import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import type { Pause } from './pause.js';
import type { BlockerView, RunnerView } from './explanation.view.js';
import { type Priority, rankOf, type Task } from './task.entity.js';

type Row = Record<string, unknown>;

/** More edges than that are not looked at; a task is made with 1,000 at most. */
const MAX_EDGES = 2_000;
/** Runners of a concurrency key that are named. */
const MAX_RUNNERS = 20;
/** Where counting the ready tasks before one ends. */
const MAX_BEFORE = 1_000;

/** What a task's explanation is made of, beside the task. Read inside one transaction, as of one moment. */
@Injectable()
export class ExplanationsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** The database's clock. */
  @Operation()
  async now(): Promise<Date> {
    const [row] = await this.query<{ now: Date }>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
    if (!row) throw new Error('the database told no time');
    return row.now;
  }

  /** The other ends of edges that still block the task. */
  @Operation()
  async blockers(tenantId: string, taskId: string): Promise<BlockerView[]> {
    return this.query<Row & BlockerView>(
      `SELECT e.blocker_id AS "taskId", coalesce(b.title, '') AS title, b.status, e.kind,
         e.on_failure AS "onFailure", e.outcome
       FROM task_edges e
         LEFT JOIN tasks b ON b.tenant_id = $1 AND b.id = e.blocker_id AND b.deleted_at IS NULL
       WHERE e.tenant_id = $1 AND e.blocked_id = $2 AND e.resolved_at IS NULL
         AND e.kind IN ('blocks', 'waits_for', 'conditional')
       ORDER BY e.created_at, e.blocker_id LIMIT $3`,
      [tenantId, taskId, MAX_EDGES],
    );
  }

  /** Pauses of the task's workspace, of its type and of any of these agents. */
  @Operation()
  async pauses(tenantId: string, { workspaceId, type }: Task, agentIds: readonly string[]): Promise<Pause[]> {
    return this.query<Row & Pause>(
      `SELECT scope, subject, reason, paused_by AS "pausedBy", paused_at AS "pausedAt" FROM task_pauses
       WHERE tenant_id = $1 AND (scope = 'workspace' AND subject = $2::text OR scope = 'type' AND subject = $3
         OR scope = 'agent' AND subject = ANY ($4))`,
      [tenantId, workspaceId, type, agentIds],
    );
  }

  /** How many tasks each of these agents holds; those without any are left out. */
  @Operation()
  async held(tenantId: string, agentIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.query<{ id: string; held: number }>(
      `SELECT assigned_to AS id, count(*)::int AS held FROM tasks
       WHERE tenant_id = $1 AND assigned_to = ANY ($2) AND status IN ('in_progress', 'awaiting_input')
         AND deleted_at IS NULL
       GROUP BY 1`,
      [tenantId, agentIds],
    );
    return new Map(rows.map(({ id, held }) => [id, held]));
  }

  /** Some of the tasks that run under a concurrency key, those that began first coming first. */
  @Operation()
  async runners(tenantId: string, key: string): Promise<RunnerView[]> {
    return this.query<Row & RunnerView>(
      `SELECT id AS "taskId", assigned_to AS "agentId", lease_expires_at AS "leaseExpiresAt" FROM tasks
       WHERE tenant_id = $1 AND concurrency_key = $2 AND status IN ('in_progress', 'awaiting_input')
       ORDER BY claimed_at, id LIMIT $3`,
      [tenantId, key, MAX_RUNNERS],
    );
  }

  /** How many ready tasks of its lane are claimed before it, counted up to a thousand. */
  @Operation()
  async before(tenantId: string, task: { id: string; priority: Priority; readyAt: Date }): Promise<number> {
    const [row] = await this.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM (
         SELECT FROM tasks
         WHERE tenant_id = $1 AND lane = (SELECT lane FROM tasks WHERE tenant_id = $1 AND id = $2)
           AND status = 'pending' AND open_blockers = 0 AND deleted_at IS NULL
           AND (priority, ready_at, id) < ($3::smallint, $4::timestamptz, $2::uuid)
           AND ready_at <= clock_timestamp() AND (deadline IS NULL OR deadline > clock_timestamp())
         LIMIT $5) b`,
      [tenantId, task.id, rankOf(task.priority), task.readyAt, MAX_BEFORE],
    );
    return row?.count ?? 0;
  }
}
