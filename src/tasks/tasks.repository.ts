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
  rowMapper,
} from '../shared/database/index.js';
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import { type CachedEntity, EntityCache } from '../shared/cache/index.js';
import { EventLog, Wakeups } from '../shared/events/index.js';
import { type Traced, traced } from '../shared/metrics/index.js';
import { type Page, pageOf } from '../shared/http/index.js';
import { createdData, edgesOf, type ImportedTask, type NewTask, rowOf } from './new-task.js';
import { EDGE_COLUMNS, edgeLine, TASK_COLUMNS, taskLine } from './task-copy.js';
import { filtered, type TaskFilter, type TaskList, TASK_SORTING } from './task-list.js';
import { type Attempt, type Edge, Task } from './task.entity.js';

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
  >
>;

/** The topic on which claims that wait hear of work. */
export const WORK = 'work';

const isClaimable = ({ status, openBlockers, deletedAt }: Task): boolean =>
  (status === 'pending' || status === 'assigned') && openBlockers === 0 && deletedAt === null;

type Row = Record<string, unknown>;

/** Rows of tasks, their edges and attempts. Claims and what a claimant writes stand in the claims repository. */
@Injectable()
export class TasksRepository extends AggregateRepository {
  private readonly mapper: (row: Row) => Task;
  private readonly cached: CachedEntity<Task>;
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
  ) {
    super(persistence);
    this.mapper = rowMapper<Task>(this.metadata);
    this.cached = { type: 'task', revive: entityReviver<Task>(this.metadata) };
  }

  /** Inserts a task with its edges and its event, all at once. Concurrent calls share a statement. */
  @Operation()
  async create(tenantId: string, task: NewTask): Promise<Task> {
    return this.creations(tenantId, traced(task));
  }

  /**
   * Inserts any number of tasks by COPY, inside the caller's transaction; all or nothing. Edges may lead to tasks of the
   * same call. The events are the caller's.
   * @throws NotFound when an edge leads to no task of the tenant
   */
  @Operation()
  async createBatch(tenantId: string, tasks: readonly ImportedTask[]): Promise<void> {
    if (tasks.length === 0) return;
    const { database } = this.persistence;
    const edges = tasks.flatMap(edgesOf);
    const open = await this.openBlockers(tenantId, tasks, edges);
    const now = await this.now();
    const lines = function* (): Generator<string> {
      for (const task of tasks) yield taskLine(tenantId, task, open.get(task.id) ?? 0, now);
    };
    await database.copy(`COPY tasks (${TASK_COLUMNS}) FROM STDIN`, lines());
    if (edges.length > 0) {
      const edgeLines = edges.map((edge) => edgeLine(tenantId, edge, now));
      await database.copy(`COPY task_edges (${EDGE_COLUMNS}) FROM STDIN`, edgeLines);
    }
    await this.added(tenantId);
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
    const values: unknown[] = [tenantId, id, version];
    const set = assignments(this.metadata, patch, values);
    const [row] = await this.query(
      `UPDATE tasks SET ${set ? `${set}, ` : ''}updated_at = clock_timestamp(), version = version + 1
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

  /** Ids of unfinished tasks that wait for this one, at most `limit`. */
  @Operation()
  async waitingFor(tenantId: string, id: string, limit: number): Promise<string[]> {
    const edges = await this.query<{ blocked_id: string }>(
      `SELECT blocked_id FROM task_edges WHERE tenant_id = $1 AND blocker_id = $2 AND kind = 'blocks'`,
      [tenantId, id],
    );
    const rows = await this.query<{ id: string }>(
      `SELECT id FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) AND completed_at IS NULL AND deleted_at IS NULL
       ORDER BY id LIMIT $3`,
      [tenantId, edges.map((edge) => edge.blocked_id), limit],
    );
    return rows.map((row) => row.id);
  }

  /** Edges that start or end at the task. */
  @Operation()
  async edges(tenantId: string, id: string): Promise<Edge[]> {
    return this.read<Row & Edge>(
      `SELECT blocker_id AS "blockerId", blocked_id AS "blockedId", kind FROM task_edges
       WHERE tenant_id = $1 AND (blocker_id = $2 OR blocked_id = $2) ORDER BY blocker_id, blocked_id, kind`,
      [tenantId, id],
    );
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
      if (tasks.some(isClaimable)) this.wakeups.announce(tenantId, WORK);
    });
  }

  private added(tenantId: string): Promise<void> {
    return this.persistence.transactions.afterCommit(() => this.wakeups.announce(tenantId, WORK));
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
    const edges = tasks.flatMap(edgesOf).map((edge) => ({
      blocker: edge.blockerId,
      blocked: edge.blockedId,
      kind: edge.kind,
    }));
    const created = this.query('SELECT * FROM task_create($1, $2, $3, $4, $5, $6, $7, $8)', [
      tenantId,
      JSON.stringify(tasks.map(rowOf)),
      JSON.stringify(edges),
      tasks.map((task) => task.id),
      tasks.map((task) => task.workspaceId),
      tasks.map((task) => task.createdBy),
      tasks.map((task) => JSON.stringify(createdData(task))),
      tasks.map((task) => task.trace),
    ]);
    const rows = await created.catch((error: unknown) => {
      const unknownBlocker = raised(error, 'MU001');
      throw unknownBlocker === undefined ? error : new NotFound('task', unknownBlocker);
    });
    await this.events.appended(tenantId, [...new Set(tasks.map((task) => task.workspaceId))]);
    await this.added(tenantId);
    const byId = new Map(rows.map((row) => [String(row.id), this.toTask(row)]));
    return tasks.map(({ id }) => {
      const value = byId.get(id);
      return value ? { value } : { error: new NotFound('task', id) };
    });
  }

  /** For each new task, how many tasks that block it are not completed. Existing ones stay locked until the commit. */
  private async openBlockers(
    tenantId: string,
    tasks: readonly ImportedTask[],
    edges: readonly Edge[],
  ): Promise<Map<string, number>> {
    const status = new Map<string, string>(tasks.map((task) => [task.id, task.status]));
    const existing = [...new Set(edges.map((edge) => edge.blockerId).filter((id) => !status.has(id)))];
    const rows = await this.query<{ id: string; status: string }>(
      'SELECT id, status FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL ORDER BY id FOR SHARE',
      [tenantId, existing],
    );
    for (const row of rows) status.set(row.id, row.status);

    const open = new Map<string, number>();
    for (const { blockerId, blockedId, kind } of edges) {
      const found = status.get(blockerId);
      if (found === undefined) throw new NotFound('task', blockerId);
      if (kind === 'blocks' && found !== 'completed') open.set(blockedId, (open.get(blockedId) ?? 0) + 1);
    }
    return open;
  }

  private async now(): Promise<Date> {
    const [row] = await this.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    return row?.now ?? new Date();
  }

  private async whyNotAt(tenantId: string, id: string, version: number): Promise<NotFound | OptimisticLock> {
    const [row] = await this.query<{ version: number }>(
      'SELECT version FROM tasks WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      [tenantId, id],
    );
    return row ? new OptimisticLock('task', id, version, row.version) : new NotFound('task', id);
  }
}
