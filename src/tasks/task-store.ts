import { Injectable } from '@nestjs/common';
import { type CachedEntity, EntityCache } from '../shared/cache/index.js';
import {
  AggregateRepository,
  arrayMapper,
  type EntityMetadata,
  entityReviver,
  Persistence,
  rowMapper,
} from '../shared/database/index.js';
import { EventLog } from '../shared/events/index.js';
import { LanesRepository } from './lanes.repository.js';
import { Task } from './task.entity.js';
import { TaskMeter } from './task-meter.js';
import { WorkNews } from './work-news.js';

type Row = Record<string, unknown>;

/** What `warned` is in the answer of a function for tasks that it ended by a cancellation, a deadline or the policy of an edge. */
export const MARKED_AS_ENDED = -1;

export interface Marked {
  tasks: Task[];
  ended: ReadonlySet<Task>;
}

/** How rows become tasks, through the cache and past it, and what follows when they have changed. */
@Injectable()
export abstract class TaskStore extends AggregateRepository {
  readonly meter = new TaskMeter(this.persistence.metrics);
  private readonly mapper: (row: Row) => Task;
  private readonly arrays: (row: unknown[]) => Task;
  private readonly columns: string;
  private readonly cached: CachedEntity<Task>;

  constructor(
    persistence: Persistence,
    private readonly cache: EntityCache,
    protected readonly events: EventLog,
    protected readonly news: WorkNews,
    protected readonly lanes: LanesRepository,
  ) {
    super(persistence);
    this.mapper = rowMapper<Task>(this.metadata);
    this.arrays = arrayMapper<Task>(this.metadata);
    // Named one by one: a column that a newer node's migration adds must not change the rows of a prepared statement.
    this.columns = this.metadata.columns.map((column) => column.databaseName).join(', ');
    this.cached = { type: 'task', revive: entityReviver<Task>(this.metadata) };
  }

  /** After the commit: forgets the cached copies, and tells those who wait for work when some can be claimed. */
  changed(tenantId: string, tasks: readonly Task[]): Promise<void> {
    const ids = tasks.map((task) => task.id);
    return this.persistence.transactions.afterCommit(async () => {
      await this.cache.invalidate(this.cached.type, tenantId, ids);
      this.news.changed(tenantId, tasks);
    });
  }

  /**
   * Calls a function that changes tasks and writes their events. What it changed is forgotten and announced after the
   * commit. `call` is its name with the places of its arguments; the tenant is the first.
   */
  async call(call: string, tenantId: string, values: readonly unknown[]): Promise<Task[]> {
    return (await this.callMarked(call, tenantId, values)).tasks;
  }

  /** As `call`; `ended` are those of the tasks that the function marked as ended by it. */
  protected async callMarked(call: string, tenantId: string, values: readonly unknown[]): Promise<Marked> {
    const rows = await this.arraysOf(call, [tenantId, ...values]);
    const tasks = rows.map(this.arrays);
    const ended = new Set(tasks.filter((_, index) => rows[index]?.at(-1) === MARKED_AS_ENDED));
    if (tasks.length > 0) {
      await this.changed(tenantId, tasks);
      await this.persistence.transactions.afterCommit(() => this.meter.called(call, values, tasks, ended));
      await this.events.appended(tenantId, [...new Set(tasks.map((task) => task.workspaceId))]);
    }
    return { tasks, ended };
  }

  /** The tasks that a function returns. */
  async rowsOf(call: string, values: readonly unknown[]): Promise<Task[]> {
    return (await this.arraysOf(call, values)).map(this.arrays);
  }

  /** The columns of tasks, and the mark after them. */
  private arraysOf(call: string, values: readonly unknown[]): Promise<unknown[][]> {
    const name = call.slice(0, call.indexOf('('));
    return this.hot({ name, text: `SELECT ${this.columns}, warned FROM ${call}` }, values);
  }

  /** A row of `SELECT *` or of a task function as a task. */
  toTask(row: Row): Task {
    return this.mapper(row);
  }

  protected get metadata(): EntityMetadata {
    return this.persistence.database.metadata(Task);
  }

  /** A cached copy must not come from a replica, which may not have heard of the last change yet. */
  protected async load(tenantId: string, ids: readonly string[]): Promise<Task[]> {
    const tasks = this.inTransaction
      ? await this.rows(tenantId, ids)
      : await this.cache.getManyOrLoad(this.cached, tenantId, ids, (missing) => this.rows(tenantId, missing));
    return ids.flatMap((id) => tasks.get(id) ?? []);
  }

  protected async rows(tenantId: string, ids: readonly string[]): Promise<Map<string, Task>> {
    const sql = 'SELECT * FROM tasks WHERE tenant_id = $1 AND id = ANY ($2) AND deleted_at IS NULL';
    const rows = await this.query(sql, [tenantId, ids]);
    return new Map(rows.map((row) => [String(row.id), this.toTask(row)]));
  }
}
