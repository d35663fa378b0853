import { Injectable } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import {
  AggregateRepository,
  assignments,
  entityReviver,
  type Outcome,
  Operation,
  Persistence,
  raised,
  arrayMapper,
  rowMapper,
  takenValue,
} from '../shared/database/index.js';
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import { type CachedEntity, EntityCache } from '../shared/cache/index.js';
import { EventLog, Wakeups } from '../shared/events/index.js';
import { type Traced, traced } from '../shared/metrics/index.js';
import { type Page, pageOf } from '../shared/http/index.js';
import { LanesRepository } from './lanes.repository.js';
import { createdData, edgesOf, type ImportedTask, type NewTask, rowOf } from './new-task.js';
import { TaskMeter } from './task-meter.js';
import { ReadyPlaces } from './ready-places.js';
import { EDGE_COLUMNS, edgeLine, TASK_COLUMNS, taskLine } from './task-copy.js';
import { filtered, type TaskFilter, type TaskList, TASK_SORTING } from './task-list.js';
import { type Attempt, blocks, type Edge, PRIORITIES, Task } from './task.entity.js';
import { hasEnded, isHeld, type TaskStatus } from './task-state.js';
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

/** The topic on which claims that wait hear of work. */
export const WORK = 'work';

const isClaimable = ({ status, openBlockers, deletedAt }: Task): boolean =>
  (status === 'pending' || status === 'assigned') && openBlockers === 0 && deletedAt === null;

/** A place that its concurrency key kept from others is free. */
const freesKey = ({ concurrencyKey, epoch, status }: Task): boolean =>
  concurrencyKey !== null && epoch > 0 && !isHeld(status);

/** Marks what `task_settle` has ended, in its answer. */
const ENDED_BY_SETTLE = -1;

type Row = Record<string, unknown>;

/** Rows of tasks, their edges and attempts. Claims and what a claimant writes stand in the claims repository. */
@Injectable()
export class TasksRepository extends AggregateRepository {
  private readonly mapper: (row: Row) => Task;
  private readonly arrays: (row: unknown[]) => Task;
  private readonly columns: string;
  private readonly cached: CachedEntity<Task>;
  private readonly meter = new TaskMeter(this.persistence.metrics);
  private readonly creations = this.batched({
    operation: 'tasks.create',
    flush: (tenantId, items: Traced<NewTask>[]) => this.flushCreate(tenantId, items),
    weigh: (task) => JSON.stringify(task.parameters).length,
  });

  constructor(
    persistence: Persistence,
    private readonly cache: EntityCache,
    private readonly events: EventLog,
    private readonly wakeups: Wakeups,
    private readonly places: ReadyPlaces,
    private readonly lanes: LanesRepository,
  ) {
    super(persistence);
    wakeups.onAnnouncedElsewhere(WORK, (tenantId) => places.readyElsewhere(tenantId));
    this.mapper = rowMapper<Task>(this.metadata);
    this.arrays = arrayMapper<Task>(this.metadata);
    // Named one by one: a column that a newer node's migration adds must not change the rows of a prepared statement.
    this.columns = this.metadata.columns.map((column) => column.databaseName).join(', ');
    this.cached = { type: 'task', revive: entityReviver<Task>(this.metadata) };
  }

  /** Inserts a task with its edges and its event, all at once. Concurrent calls share a statement. */
  @Operation()
  async create(tenantId: string, task: NewTask): Promise<Task> {
    const insert = () => this.creations(tenantId, traced(task));
    return task.dedupeKey === null ? insert() : this.namingTheOpenOne(tenantId, insert);
  }

  /**
   * Inserts any number of tasks by COPY, inside the caller's transaction; all or nothing. Edges may lead to tasks of the
   * same call. The events are the caller's.
   * @returns the tasks that the policy of an edge ended at once
   * @throws NotFound when an edge leads to no task of the tenant, ParentCancelled, DuplicateTask
   */
  @Operation()
  async createBatch(tenantId: string, tasks: readonly ImportedTask[]): Promise<Task[]> {
    if (tasks.length === 0) return [];
    const { database } = this.persistence;
    const edges = tasks.flatMap(edgesOf);
    // Lanes, then keys, then tasks, as task_create locks them.
    await this.lanes.use(tenantId, tasks);
    await this.addKeys(tenantId, tasks);
    const statusOf = await this.blockers(tenantId, tasks, edges);
    const resolved = (edge: Edge): boolean => !blocks(edge, statusOf(edge.blockerId));
    const open = countBy(edges.filter((edge) => !resolved(edge)).map((edge) => edge.blockedId));
    const now = await this.now();
    const lines = function* (): Generator<string> {
      for (const task of tasks) yield taskLine(tenantId, task, open.get(task.id) ?? 0, now);
    };
    const load = () => database.copy(`COPY tasks (${TASK_COLUMNS}) FROM STDIN`, lines());
    await (tasks.some((task) => task.dedupeKey !== null) ? this.namingTheOpenOne(tenantId, load) : load());
    if (edges.length > 0) {
      const edgeLines = edges.map((edge) => edgeLine(tenantId, edge, resolved(edge), now));
      await database.copy(`COPY task_edges (${EDGE_COLUMNS}) FROM STDIN`, edgeLines);
    }
    await this.added(tenantId, now, tasks.length);
    const policies = edges.filter(({ onFailure }) => onFailure === 'fail' || onFailure === 'skip');
    const ended = new Set(policies.map((edge) => edge.blockerId).filter((id) => hasEnded(statusOf(id))));
    const dependants = policies.map((edge) => edge.blockedId);
    return this.settle(tenantId, new Map([...ended].map((id) => [id, statusOf(id)])), dependants);
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

  /** After the commit: forgets the cached copies, and tells those who wait for work when some can be claimed. */
  changed(tenantId: string, tasks: readonly Task[]): Promise<void> {
    const ids = tasks.map((task) => task.id);
    return this.persistence.transactions.afterCommit(async () => {
      await this.cache.invalidate(this.cached.type, tenantId, ids);
      this.announce(tenantId, tasks);
    });
  }

  /** Tells those who wait for work, where there is some. */
  private announce(tenantId: string, tasks: readonly Task[]): void {
    const claimable = tasks.filter(isClaimable);
    const freed = tasks.some(freesKey);
    if (freed) this.places.forget(tenantId);
    else if (claimable.length > 0) this.places.ready(tenantId, claimable);
    if (freed || claimable.length > 0) this.wakeups.announce(tenantId, WORK);
  }

  /** After the commit: tells those who wait for work to look at everything. */
  opened(tenantId: string): Promise<void> {
    return this.persistence.transactions.afterCommit(() => {
      this.places.forget(tenantId);
      this.wakeups.announce(tenantId, WORK);
    });
  }

  /**
   * Calls a function that changes tasks and writes their events. What it changed is forgotten and announced after the
   * commit. `call` is its name with the places of its arguments; the tenant is the first.
   */
  async call(call: string, tenantId: string, values: readonly unknown[]): Promise<Task[]> {
    const tasks = await this.rowsOf(call, [tenantId, ...values]);
    if (tasks.length > 0) {
      await this.changed(tenantId, tasks);
      await this.persistence.transactions.afterCommit(() => this.meter.called(call, values, tasks));
      await this.events.appended(tenantId, [...new Set(tasks.map((task) => task.workspaceId))]);
    }
    return tasks;
  }

  /** The tasks that a function returns. */
  async rowsOf(call: string, values: readonly unknown[]): Promise<Task[]> {
    const name = call.slice(0, call.indexOf('('));
    const rows = await this.hot({ name, text: `SELECT ${this.columns} FROM ${call}` }, values);
    return rows.map(this.arrays);
  }

  /** Cancels the task, with `tree` its descendants too; returns the tasks that changed. */
  @Operation()
  async cancel(
    tenantId: string,
    id: string,
    by: { tree: boolean; reason: string | null; actorId: string; trace: string | null },
  ): Promise<Task[]> {
    const values = [id, by.tree, by.reason, by.actorId, by.trace];
    return this.call('task_cancel($1, $2, $3, $4, $5, $6)', tenantId, values);
  }

  /**
   * Puts a failed or timed-out task back to pending, its attempts counted anew; undefined when it is not, or its deadline
   * has passed.
   * @throws DuplicateTask when another open task has the dedupe key by now
   */
  @Operation()
  async retry(tenantId: string, id: string): Promise<Task | undefined> {
    const [row] = await this.namingTheOpenOne(tenantId, () =>
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
    const task = this.toTask(row);
    await this.changed(tenantId, [task]);
    await this.persistence.transactions.afterCommit(() => this.meter.retried(1));
    return task;
  }

  /** The blockers that may end this task by the policy of an edge and have ended, with their status. Locks the blockers. */
  @Operation()
  async lockPolicies(tenantId: string, id: string): Promise<ReadonlyMap<string, TaskStatus>> {
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

  /** Ids of failed and timed-out tasks that fit, those that ended first coming first; with `ids` only of these, in any status. */
  @Operation()
  async dead(
    tenantId: string,
    which: { ids?: readonly string[]; workspaceIds?: readonly string[]; types?: readonly string[] },
    limit: number,
  ): Promise<string[]> {
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
    return tasks.filter((_, index) => rows[index]?.warned === ENDED_BY_SETTLE);
  }

  private added(tenantId: string, readyAt: Date, count: number): Promise<void> {
    return this.persistence.transactions.afterCommit(() => {
      this.meter.created(count);
      this.places.ready(
        tenantId,
        PRIORITIES.map((priority) => ({ priority, readyAt, id: '' })),
      );
      this.wakeups.announce(tenantId, WORK);
    });
  }

  /** The lane that a change takes the task to, before its row is locked. A task keeps its workspace and its type. */
  private async useLane(tenantId: string, id: string, requiredCapabilities: readonly string[]): Promise<void> {
    const task = (await this.rows(tenantId, [id])).get(id);
    if (task) await this.lanes.use(tenantId, [{ ...task, requiredCapabilities }]);
  }

  private async addKeys(tenantId: string, tasks: readonly NewTask[]): Promise<void> {
    const keys = keysOf(tasks);
    if (keys.length === 0) return;
    await this.query(
      'INSERT INTO task_concurrency AS c (tenant_id, key) SELECT $1, k FROM unnest($2::text[]) k ON CONFLICT DO NOTHING',
      [tenantId, keys],
    );
  }

  /** A row of `SELECT *` or of a task function as a task. */
  toTask(row: Row): Task {
    return this.mapper(row);
  }

  private get metadata(): EntityMetadata {
    return this.persistence.database.metadata(Task);
  }

  /** A cached copy must not come from a replica, which may not have heard of the last change yet. */
  private async load(tenantId: string, ids: readonly string[]): Promise<Task[]> {
    const tasks = this.inTransaction
      ? await this.rows(tenantId, ids)
      : await this.cache.getManyOrLoad(this.cached, tenantId, ids, (missing) => this.rows(tenantId, missing));
    return ids.flatMap((id) => tasks.get(id) ?? []);
  }

  private async rows(tenantId: string, ids: readonly string[]): Promise<Map<string, Task>> {
    const sql = 'SELECT * FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL';
    const rows = await this.query(sql, [tenantId, ids]);
    return new Map(rows.map((row) => [String(row.id), this.toTask(row)]));
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
    });
    await this.events.appended(tenantId, [...new Set(tasks.map((task) => task.workspaceId))]);
    const byId = new Map(rows.map((task) => [task.id, task]));
    await this.persistence.transactions.afterCommit(() => this.announce(tenantId, [...byId.values()]));
    return tasks.map(({ id }) => {
      const value = byId.get(id);
      return value ? { value } : { error: new NotFound('task', id) };
    });
  }

  /** The status of each blocker: of the same batch, or of an existing one, which stays locked until the commit. */
  private async blockers(
    tenantId: string,
    tasks: readonly ImportedTask[],
    edges: readonly Edge[],
  ): Promise<(id: string) => TaskStatus> {
    const status = new Map<string, TaskStatus>(tasks.map((task) => [task.id, task.status]));
    const existing = [...new Set(edges.map((edge) => edge.blockerId).filter((id) => !status.has(id)))];
    const rows = await this.query<{ id: string; status: TaskStatus; closed: boolean }>(
      `SELECT id, status, status = 'cancelled' OR cancel_requested_at IS NOT NULL AND completed_at IS NULL AS closed
       FROM tasks
       WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL ORDER BY id FOR SHARE`,
      [tenantId, existing],
    );
    for (const row of rows) status.set(row.id, row.status);
    const closed = new Set(rows.filter((row) => row.closed).map((row) => row.id));
    for (const { blockerId, kind } of edges) {
      if (!status.has(blockerId)) throw new NotFound('task', blockerId);
      if (kind === 'parent_child' && closed.has(blockerId)) throw new ParentCancelled(blockerId);
    }
    return (id) => status.get(id) ?? 'pending';
  }

  private async now(): Promise<Date> {
    const [row] = await this.query<{ now: Date }>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
    return row?.now ?? new Date();
  }

  /** In a transaction, which a refusal ends, the open task can still be asked for behind a savepoint. */
  private async namingTheOpenOne<T>(tenantId: string, write: () => Promise<T>): Promise<T> {
    try {
      return await (this.inTransaction ? this.persistence.transactions.run({ propagation: 'nested' }, write) : write());
    } catch (error) {
      const key = error instanceof DuplicateTask ? error.dedupeKey : takenValue(error, 'idx_tasks_dedupe');
      if (key === undefined) throw error;
      const [row] = await this.query<{ id: string }>(
        `SELECT id FROM tasks WHERE tenant_id = $1 AND dedupe_key = $2 AND completed_at IS NULL AND deleted_at IS NULL`,
        [tenantId, key],
      );
      throw new DuplicateTask(key, row?.id);
    }
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

const keysOf = (tasks: readonly NewTask[]): string[] =>
  [...new Set(tasks.flatMap(({ concurrencyKey }) => concurrencyKey ?? []))].sort();

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
