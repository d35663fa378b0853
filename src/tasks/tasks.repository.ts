import { Injectable } from '@nestjs/common';
import { assignments, type Outcome, Operation, raised, takenValue } from '../shared/database/index.js';
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import { type Page, pageOf } from '../shared/http/index.js';
import { type Traced, traced } from '../shared/metrics/index.js';
import { namingTheOpenOne } from './dedupe-keys.js';
import { createdData, edgesOf, keysOf, type NewTask, rowOf } from './new-task.js';
import { filtered, type TaskFilter, type TaskList, TASK_SORTING } from './task-list.js';
import { type Marked, MARKED_AS_ENDED, TaskStore } from './task-store.js';
import type { Attempt, Task } from './task.entity.js';
import { hasEnded, type TaskStatus } from './task-state.js';
import { DuplicateTask, ParentCancelled } from './tasks.errors.js';

/** What a patch may change. */
export type TaskPatch = Partial<
  Pick<
    Task,
    | 'title'
    | 'description'
    | 'parameters'
    | 'priority'
    | 'tags'
    | 'labels'
    | 'requiredCapabilities'
    | 'externalRef'
    | 'runAt'
    | 'deadline'
    | 'maxAttempts'
    | 'timeoutSeconds'
    | 'retry'
  >
>;

type Row = Record<string, unknown>;

/** Rows of tasks, their edges and attempts. Claims and what a claimant writes stand in the claims repository. */
@Injectable()
export class TasksRepository extends TaskStore {
  private readonly creations = this.batched({
    operation: 'tasks.create',
    flush: (tenantId, items: Traced<NewTask>[]) => this.flushCreate(tenantId, items),
    weigh: (task) => JSON.stringify(task.parameters).length,
  });

  /** Inserts a task with its edges and its event, all at once. Concurrent calls share a statement. */
  @Operation()
  async create(tenantId: string, task: NewTask): Promise<Task> {
    const insert = () => this.creations(tenantId, traced(task));
    return task.dedupeKey === null ? insert() : namingTheOpenOne(this.persistence, tenantId, insert);
  }

  /** From the cache, unless inside a transaction. */
  @Operation()
  async find(tenantId: string, id: string): Promise<Task | undefined> {
    const [task] = await this.load(tenantId, [id]);
    return task;
  }

  @Operation()
  async get(tenantId: string, id: string): Promise<Task> {
    const [task] = await this.load(tenantId, [id]);
    if (!task) throw new NotFound('task', id);
    return task;
  }

  /** Past the cache, from the primary: what is true now. */
  @Operation()
  async findCurrent(tenantId: string, id: string): Promise<Task | undefined> {
    return (await this.rows(tenantId, [id])).get(id);
  }

  /** As `findCurrent`, by id. */
  @Operation()
  async findManyCurrent(tenantId: string, ids: readonly string[]): Promise<ReadonlyMap<string, Task>> {
    return ids.length === 0 ? new Map() : this.rows(tenantId, ids);
  }

  /** In the order asked; what does not exist is left out. From the cache, unless inside a transaction. */
  @Operation()
  async findMany(tenantId: string, ids: readonly string[]): Promise<Task[]> {
    return this.load(tenantId, ids);
  }

  /** Locks the row until the end of the transaction. */
  @Operation()
  async getForUpdate(tenantId: string, id: string): Promise<Task> {
    const [row] = await this.query(
      'SELECT * FROM tasks WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE',
      [tenantId, id],
    );
    if (!row) throw new NotFound('task', id);
    return this.toTask(row);
  }

  /** As `getForUpdate`, of those that exist, in id order. */
  @Operation()
  async lockMany(tenantId: string, ids: readonly string[]): Promise<ReadonlyMap<string, Task>> {
    const rows = await this.query(
      'SELECT * FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL ORDER BY id FOR UPDATE',
      [tenantId, ids],
    );
    return new Map(rows.map((row) => [String(row.id), this.toTask(row)]));
  }

  /** One edge more or less blocks the task. */
  @Operation()
  async changeBlockers(tenantId: string, id: string, by: 1 | -1): Promise<Task> {
    const [row] = await this.query(
      `UPDATE tasks SET open_blockers = open_blockers + $3, ready_at = greatest(clock_timestamp(), ready_at),
         updated_at = clock_timestamp(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING *`,
      [tenantId, id, by],
    );
    if (!row) throw new NotFound('task', id);
    const task = this.toTask(row);
    await this.changed(tenantId, [task]);
    return task;
  }

  @Operation()
  async list(tenantId: string, list: TaskList): Promise<Page<Task>> {
    const { expression, direction, after, cursorOf } = TASK_SORTING.order(list.sort, list.after);
    const limit = list.limit !== undefined && list.limit > 0 ? list.limit : undefined;
    const { text, values } = filtered(this.metadata, tenantId, list, '*')
      .orderBy(expression, direction, after)
      .limit(limit === undefined ? undefined : limit + 1, list.offset)
      .build();
    const tasks = (await this.read(text, values)).map((row) => this.toTask(row));
    return pageOf(tasks, limit ?? tasks.length, cursorOf);
  }

  @Operation()
  async count(tenantId: string, filter: TaskFilter): Promise<number> {
    const { text, values } = filtered(this.metadata, tenantId, filter, 'count(*) AS count').build();
    const [row] = await this.read(text, values);
    return Number(row?.count);
  }

  /**
   * Changes what the patch names, if the task is still at `version`.
   * @throws NotFound, or OptimisticLock with the current version
   */
  @Operation()
  async updateWithVersion(tenantId: string, id: string, version: number, patch: TaskPatch): Promise<Task> {
    if (patch.requiredCapabilities) await this.useLane(tenantId, id, patch.requiredCapabilities);
    const values: unknown[] = [tenantId, id, version];
    const set = assignments(this.metadata, patch, values);
    // What follows from the columns that were set, by their new values.
    const times = [
      ...(patch.runAt === undefined
        ? []
        : [`ready_at = greatest(clock_timestamp(), $${values.push(patch.runAt)}::timestamptz)`]),
      ...(patch.deadline === undefined
        ? []
        : [`due_at = created_at + ($${values.push(patch.deadline)}::timestamptz - created_at) * 0.75`]),
      'updated_at = clock_timestamp()',
    ];
    const [row] = await this.query(
      `UPDATE tasks SET ${set}, ${times.join(', ')}, version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND version = $3::bigint AND deleted_at IS NULL RETURNING *`,
      values,
    );
    if (!row) throw await this.whyNotAt(tenantId, id, version);
    const task = this.toTask(row);
    await this.changed(tenantId, [task]);
    return task;
  }

  /** Hides the task. The caller holds its row and knows that nobody works on it or waits for it. */
  @Operation()
  async softDelete(tenantId: string, id: string): Promise<void> {
    const rows = await this.query(
      `UPDATE tasks SET deleted_at = clock_timestamp(), updated_at = clock_timestamp(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 RETURNING *`,
      [tenantId, id],
    );
    await this.changed(
      tenantId,
      rows.map((row) => this.toTask(row)),
    );
  }

  /** Ids of tasks that wait for this one, or would if they were tried again; at most `limit`. */
  @Operation()
  async waitingFor(tenantId: string, id: string, limit: number): Promise<string[]> {
    const edges = await this.query<{ blocked_id: string }>(
      `SELECT blocked_id FROM task_edges WHERE tenant_id = $1 AND blocker_id = $2 AND resolved_at IS NULL`,
      [tenantId, id],
    );
    const rows = await this.query<{ id: string }>(
      `SELECT id FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) AND status NOT IN ('completed', 'cancelled')
         AND deleted_at IS NULL
       ORDER BY id LIMIT $3`,
      [tenantId, edges.map((edge) => edge.blocked_id), limit],
    );
    return rows.map((row) => row.id);
  }

  /** Ended attempts, oldest first. */
  @Operation()
  async endedAttempts(tenantId: string, id: string): Promise<Attempt[]> {
    return this.read<Row & Attempt>(
      `SELECT epoch, agent_id AS "agentId", claim_kind AS "claimKind", claimed_at AS "claimedAt",
         ended_at AS "endedAt", outcome, error
       FROM task_attempts WHERE tenant_id = $1 AND task_id = $2 ORDER BY epoch`,
      [tenantId, id],
    );
  }

  /** Cancels the task, with `tree` its descendants too; returns the tasks that changed, and those that ended. */
  @Operation()
  async cancel(
    tenantId: string,
    id: string,
    by: { tree: boolean; reason: string | null; actorId: string; trace: string | null },
  ): Promise<Marked> {
    const values = [id, by.tree, by.reason, by.actorId, by.trace];
    return this.callMarked('task_cancel($1, $2, $3, $4, $5, $6)', tenantId, values);
  }

  /** What follows for `dependants` from tasks that have ended, in the running transaction; returns those that it ended. */
  @Operation()
  async settle(
    tenantId: string,
    ended: ReadonlyMap<string, TaskStatus>,
    dependants: readonly string[],
  ): Promise<Task[]> {
    if (ended.size === 0) return [];
    const rows = await this.query('SELECT * FROM task_settle($1, $2, $3, clock_timestamp()::timestamptz(3), $4)', [
      tenantId,
      [...ended.keys()],
      [...ended.values()],
      dependants,
    ]);
    const tasks = rows.map((row) => this.toTask(row));
    await this.changed(tenantId, tasks);
    const marked = tasks.filter((_, index) => rows[index]?.warned === MARKED_AS_ENDED);
    await this.persistence.transactions.afterCommit(() => this.meter.ended(marked));
    return marked;
  }

  /** The lane that a change takes the task to, before its row is locked. A task keeps its workspace and its type. */
  private async useLane(tenantId: string, id: string, requiredCapabilities: readonly string[]): Promise<void> {
    const task = (await this.rows(tenantId, [id])).get(id);
    if (task) await this.lanes.use(tenantId, [{ ...task, requiredCapabilities }]);
  }

  private async flushCreate(tenantId: string, tasks: Traced<NewTask>[]): Promise<Outcome<Task>[]> {
    const lanesUntil = this.lanes.knownUntil(tenantId, tasks);
    const edges = tasks.flatMap(edgesOf).map((edge) => ({
      blocker: edge.blockerId,
      blocked: edge.blockedId,
      kind: edge.kind,
      on_failure: edge.onFailure,
      outcome: edge.outcome,
    }));
    const created = this.rowsOf('task_create($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)', [
      tenantId,
      JSON.stringify(tasks.map(rowOf)),
      JSON.stringify(edges),
      lanesUntil,
      keysOf(tasks),
      tasks.map((task) => task.id),
      tasks.map((task) => task.workspaceId),
      tasks.map((task) => task.createdBy),
      tasks.map((task) => JSON.stringify(createdData(task))),
      tasks.map((task) => task.trace),
    ]);
    const rows = await created.catch((error: unknown) => {
      throw refusal(error);
    });
    await this.persistence.transactions.afterCommit(() => {
      const [first] = rows;
      // As task_create decides by the same two times.
      if (first && (lanesUntil === null || first.createdAt > lanesUntil)) {
        this.lanes.used(tenantId, tasks, first.createdAt);
      }
      this.meter.created(tasks.length);
      this.meter.ended(rows.filter(({ status }) => hasEnded(status)));
    });
    await this.events.appended(tenantId, [...new Set(tasks.map((task) => task.workspaceId))]);
    const byId = new Map(rows.map((task) => [task.id, task]));
    await this.persistence.transactions.afterCommit(() => this.news.changed(tenantId, [...byId.values()]));
    return tasks.map(({ id }) => {
      const value = byId.get(id);
      return value ? { value } : { error: new NotFound('task', id) };
    });
  }

  private async whyNotAt(tenantId: string, id: string, version: number): Promise<NotFound | OptimisticLock> {
    const [row] = await this.query<{ version: number }>(
      'SELECT version FROM tasks WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      [tenantId, id],
    );
    return row ? new OptimisticLock('task', id, version, row.version) : new NotFound('task', id);
  }
}

/** What the functions raise, as what it is. */
function refusal(error: unknown): unknown {
  const unknownBlocker = raised(error, 'MU001');
  if (unknownBlocker !== undefined) return new NotFound('task', unknownBlocker);
  const cancelledParent = raised(error, 'MU002');
  if (cancelledParent !== undefined) return new ParentCancelled(cancelledParent);
  const dedupeKey = takenValue(error, 'idx_tasks_dedupe');
  return dedupeKey === undefined ? error : new DuplicateTask(dedupeKey);
}
