import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import type { Held } from './claims.repository.js';
import type { Task } from './task.entity.js';
import { TasksRepository } from './tasks.repository.js';

/** What is due: to end an attempt, to say something of it, or to look at a task's deadline. */
export type Due = AttemptEndDue | AttemptFlag | 'deadline';
export type AttemptEndDue = 'expired' | 'timed_out';
export type AttemptFlag = 'overdue' | 'warn_90' | 'warn_75';

export interface DueTask extends Held {
  tenantId: string;
  due: Due;
}

type Row = Record<string, unknown>;

/** Looks for what is due, over all tenants, by the database's clock. */
@Injectable()
export class SweepsRepository extends AggregateRepository {
  constructor(
    persistence: Persistence,
    private readonly tasks: TasksRepository,
  ) {
    super(persistence);
  }

  /**
   * Running attempts past their lease or timeout, or near it, and open tasks whose deadline has passed or is near; of any
   * tenant but these. The deadlines are read tenant by tenant, along their index. One statement: it is what an idle node
   * asks every second.
   */
  @Operation()
  async due(limit: number, except: readonly string[]): Promise<DueTask[]> {
    const open = 'due_at IS NOT NULL AND completed_at IS NULL AND deleted_at IS NULL';
    return this.query<Row & DueTask>(
      `WITH RECURSIVE tenants AS (
         (SELECT tenant_id FROM tasks WHERE ${open} ORDER BY tenant_id LIMIT 1)
         UNION ALL
         SELECT (SELECT tenant_id FROM tasks WHERE ${open} AND tenant_id > t.tenant_id ORDER BY tenant_id LIMIT 1)
           FROM tenants t WHERE t.tenant_id IS NOT NULL
       ), attempts AS (
         SELECT tenant_id, id, epoch,
           CASE
             WHEN claim_kind = 'agent' AND timeout_at <= now THEN 'timed_out'
             WHEN claim_kind = 'agent' AND lease_expires_at < now THEN 'expired'
             WHEN claim_kind <> 'agent' AND overdue_at IS NULL AND least(timeout_at, lease_expires_at) <= now THEN 'overdue'
             WHEN timeout_at <= now THEN NULL
             WHEN warned < 90 AND timeout_at - make_interval(secs => timeout_seconds * 0.1) <= now THEN 'warn_90'
             WHEN warned < 75 AND timeout_at - make_interval(secs => timeout_seconds * 0.25) <= now THEN 'warn_75'
           END AS due
         FROM tasks, clock_timestamp() AS now
         WHERE status = 'in_progress' AND deleted_at IS NULL
       )
       SELECT tenant_id AS "tenantId", id AS "taskId", epoch, due FROM (
         SELECT * FROM attempts WHERE due IS NOT NULL
         UNION ALL
         SELECT d.* FROM tenants t CROSS JOIN LATERAL (
           SELECT tenant_id, id, epoch, 'deadline' FROM tasks
           WHERE tenant_id = t.tenant_id AND ${open} AND due_at <= clock_timestamp() ORDER BY due_at LIMIT $1
         ) d
       ) found WHERE tenant_id <> ALL ($2) LIMIT $1`,
      [limit, except],
    );
  }

  /** Says of running attempts what is due; returns those it was still true of. */
  @Operation()
  async flag(tenantId: string, attempts: readonly (Held & { due: AttemptFlag })[], actor: string): Promise<Task[]> {
    const sorted = attempts.toSorted(byTask);
    return this.tasks.call('task_flag($1, $2, $3, $4, $5)', tenantId, [
      sorted.map((attempt) => attempt.taskId),
      sorted.map((attempt) => attempt.epoch),
      sorted.map((attempt) => attempt.due),
      actor,
    ]);
  }

  /** Warns of deadlines and ends what is past them; returns the tasks that changed. */
  @Operation()
  async meetDeadlines(tenantId: string, taskIds: readonly string[], actor: string): Promise<Task[]> {
    return this.tasks.call('task_deadline($1, $2, $3)', tenantId, [taskIds.toSorted(), actor]);
  }
}

const byTask = (a: Held, b: Held): number => (a.taskId < b.taskId ? -1 : 1);
