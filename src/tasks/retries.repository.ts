import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { namingTheOpenOne } from './dedupe-keys.js';
import { LanesRepository } from './lanes.repository.js';
import type { Task } from './task.entity.js';
import { hasEnded, type TaskStatus } from './task-state.js';
import { TasksRepository } from './tasks.repository.js';

/** Which dead tasks to try again; conditions are joined by and. */
export interface DeadTasks {
  ids?: readonly string[];
  workspaceIds?: readonly string[];
  types?: readonly string[];
}

/** Tasks that failed or timed out, and their way back. */
@Injectable()
export class RetriesRepository extends AggregateRepository {
  constructor(
    persistence: Persistence,
    private readonly tasks: TasksRepository,
    private readonly lanes: LanesRepository,
  ) {
    super(persistence);
  }

  /**
   * The blockers that may end this task by the policy of an edge and have ended, with their status. Locks the blockers, and
   * before them the lane of the task, which may have been its last.
   */
  @Operation()
  async lockFor(tenantId: string, id: string): Promise<ReadonlyMap<string, TaskStatus>> {
    await this.lanes.useOf(tenantId, id);
    const edges = await this.query<{ blocker_id: string }>(
      `SELECT DISTINCT blocker_id FROM task_edges WHERE tenant_id = $1 AND blocked_id = $2 AND resolved_at IS NULL
         AND on_failure IN ('fail', 'skip')`,
      [tenantId, id],
    );
    if (edges.length === 0) return new Map();
    const rows = await this.query<{ id: string; status: TaskStatus }>(
      'SELECT id, status FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR SHARE',
      [tenantId, edges.map((edge) => edge.blocker_id)],
    );
    return new Map(rows.filter((row) => hasEnded(row.status)).map((row) => [row.id, row.status]));
  }

  /**
   * Puts a failed or timed-out task back to pending, its attempts counted anew; undefined when it is not, or its deadline
   * has passed.
   * @throws DuplicateTask when another open task has the dedupe key by now
   */
  @Operation()
  async retry(tenantId: string, id: string): Promise<Task | undefined> {
    const [row] = await namingTheOpenOne(this.persistence, tenantId, () =>
      this.query(
        `UPDATE tasks SET status = 'pending', attempt = 0, assigned_to = NULL, completed_at = NULL,
         cancel_requested_at = NULL, cancel_reason = NULL, ready_at = greatest(clock_timestamp(), run_at),
         due_at = deadline, updated_at = clock_timestamp(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND status IN ('failed', 'timeout') AND deleted_at IS NULL
         AND (deadline IS NULL OR deadline > clock_timestamp()) RETURNING *`,
        [tenantId, id],
      ),
    );
    if (!row) return undefined;
    const task = this.tasks.toTask(row);
    await this.tasks.changed(tenantId, [task]);
    await this.persistence.transactions.afterCommit(() => this.tasks.meter.retried(1));
    return task;
  }

  /** Ids of failed and timed-out tasks that fit, those that ended first coming first; with `ids` only of these, in any status. */
  @Operation()
  async dead(tenantId: string, which: DeadTasks, limit: number): Promise<string[]> {
    const rows = await this.query<{ id: string }>(
      `SELECT id FROM tasks
       WHERE tenant_id = $1 AND deleted_at IS NULL AND ($2::uuid[] IS NULL OR id = ANY ($2))
         AND ($2 IS NOT NULL OR status IN ('failed', 'timeout'))
         AND ($3::uuid[] IS NULL OR workspace_id = ANY ($3)) AND ($4::text[] IS NULL OR type = ANY ($4))
       ORDER BY completed_at, id LIMIT $5`,
      [tenantId, which.ids ?? null, which.workspaceIds ?? null, which.types ?? null, limit],
    );
    return rows.map((row) => row.id);
  }
}
