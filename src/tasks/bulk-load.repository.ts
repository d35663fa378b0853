import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { NotFound } from '../shared/errors/index.js';
import { namingTheOpenOne } from './dedupe-keys.js';
import { LanesRepository } from './lanes.repository.js';
import { edgesOf, type ImportedTask, keysOf } from './new-task.js';
import { EDGE_COLUMNS, edgeLine, TASK_COLUMNS, taskLine } from './task-copy.js';
import { blocks, type Edge, type Task } from './task.entity.js';
import { hasEnded, type TaskStatus } from './task-state.js';
import { ParentCancelled } from './tasks.errors.js';
import { TasksRepository } from './tasks.repository.js';
import { WorkNews } from './work-news.js';

/** Many tasks at once, by COPY. */
@Injectable()
export class BulkLoadRepository extends AggregateRepository {
  constructor(
    persistence: Persistence,
    private readonly tasks: TasksRepository,
    private readonly lanes: LanesRepository,
    private readonly news: WorkNews,
  ) {
    super(persistence);
  }

  /**
   * Inserts any number of tasks inside the caller's transaction; all or nothing. Edges may lead to tasks of the
   * same call. The events are the caller's.
   * @returns the tasks that the policy of an edge ended at once
   * @throws NotFound when an edge leads to no task of the tenant, ParentCancelled, DuplicateTask
   */
  @Operation()
  async load(tenantId: string, tasks: readonly ImportedTask[]): Promise<Task[]> {
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
    const copy = () => database.copy(`COPY tasks (${TASK_COLUMNS}) FROM STDIN`, lines());
    await (tasks.some((task) => task.dedupeKey !== null) ? namingTheOpenOne(this.persistence, tenantId, copy) : copy());
    if (edges.length > 0) {
      const edgeLines = edges.map((edge) => edgeLine(tenantId, edge, resolved(edge), now));
      await database.copy(`COPY task_edges (${EDGE_COLUMNS}) FROM STDIN`, edgeLines);
    }
    await this.persistence.transactions.afterCommit(() => {
      this.tasks.meter.created(tasks.length);
      this.news.added(tenantId, now);
    });
    const policies = edges.filter(({ onFailure }) => onFailure === 'fail' || onFailure === 'skip');
    const ended = new Set(policies.map((edge) => edge.blockerId).filter((id) => hasEnded(statusOf(id))));
    const dependants = policies.map((edge) => edge.blockedId);
    return this.tasks.settle(tenantId, new Map([...ended].map((id) => [id, statusOf(id)])), dependants);
  }

  private async addKeys(tenantId: string, tasks: readonly ImportedTask[]): Promise<void> {
    const keys = keysOf(tasks);
    if (keys.length === 0) return;
    await this.query(
      'INSERT INTO task_concurrency AS c (tenant_id, key) SELECT $1, k FROM unnest($2::text[]) k ON CONFLICT DO NOTHING',
      [tenantId, keys],
    );
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
    const unknown = edges.find(({ blockerId }) => !status.has(blockerId));
    if (unknown) throw new NotFound('task', unknown.blockerId);
    const refused = edges.find(({ blockerId, kind }) => kind === 'parent_child' && closed.has(blockerId));
    if (refused) throw new ParentCancelled(refused.blockerId);
    return (id) => status.get(id) ?? 'pending';
  }

  private async now(): Promise<Date> {
    const [row] = await this.query<{ now: Date }>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS now`);
    return row?.now ?? new Date();
  }
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
