import { v7 as uuidv7 } from 'uuid';
import { DomainError } from '../../src/shared/errors/index.js';
import {
  ClaimsService,
  DispatchService,
  EdgesService,
  InputsService,
  InterventionsService,
  PRIORITIES,
  Sweeper,
  type CreateTask,
  type Task,
} from '../../src/tasks/index.js';
import { aTask, type Given, type RunningNode, type Tenant } from '../support/given.js';
import { hasEnded, type Draft, type ModelAgent, type ModelTask, TaskModel } from './task-model.js';

/** Agents of every run: with different capabilities, one with a capacity. */
const AGENTS = [
  { name: 'ada', capabilities: ['gpu', 'web'], capacity: 3 },
  { name: 'bob', capabilities: ['web'], capacity: null },
  { name: 'cid', capabilities: [], capacity: 2 },
];
/** By lane of this name, limits at first. */
export const LIMITS = { narrow: 1, wide: 2 };
export const FAR = new Date('2040-01-01T00:00:00Z');

/** A row of `tasks`, as far as the model knows it. */
interface TaskRow {
  id: string;
  status: ModelTask['status'];
  epoch: number;
  attempt: number;
  version: number;
  assignee: string | null;
  open: number;
  cancelRequested: boolean;
  overdue: boolean;
  deleted: boolean;
  leased: boolean;
  ended: boolean;
  readyAt: number;
}

/** What a command came to. `task` is the row that was answered. */
export interface Answer {
  code: string;
  task?: Task;
  [detail: string]: unknown;
}

/** A tenant of the real service, and a task of another tenant that must stay as it is. */
export class World {
  private constructor(
    readonly tenant: Tenant,
    readonly nodes: readonly Services[],
    readonly foreignId: string,
  ) {}

  static async begin(given: Given): Promise<{ real: World; model: TaskModel }> {
    const [tenant, other] = [await given.tenant(), await given.tenant()];
    const world = new World(tenant, given.nodes.map(servicesOf), (await other.task()).id);
    const model = new TaskModel();
    for (const agent of AGENTS) model.agents.push({ ...agent, id: (await tenant.agent(agent.name, agent)).id });
    for (const [key, limit] of Object.entries(LIMITS)) {
      await world.node.dispatch.setLimit(tenant.caller, key, limit);
      model.limits.set(key, limit);
    }
    return { real: world, model };
  }

  get node(): Services {
    return this.nodeAt(0);
  }

  nodeAt(index: number): Services {
    const node = this.nodes[index % this.nodes.length];
    if (!node) throw new Error('there is no node');
    return node;
  }

  newId(): string {
    return uuidv7();
  }

  rows(): Promise<TaskRow[]> {
    return this.tenant.rows<TaskRow>(
      `SELECT id, status, epoch, attempt, version, assigned_to AS assignee, open_blockers AS open,
         cancel_requested_at IS NOT NULL AS "cancelRequested", overdue_at IS NOT NULL AS overdue,
         deleted_at IS NOT NULL AS deleted, lease_expires_at IS NOT NULL AS leased, completed_at IS NOT NULL AS ended,
         (extract(epoch FROM ready_at) * 1000)::float8 AS "readyAt"
       FROM tasks WHERE tenant_id = $1 ORDER BY id`,
    );
  }

  /** Sets columns of a task as time would, and lets the sweeper find it. */
  async pass(id: string, columns: string): Promise<void> {
    await this.tenant.rows(`UPDATE tasks SET ${columns} WHERE tenant_id = $1 AND id = $2`, id);
    await this.node.sweeper.sweep();
  }

  /** All rows are what the model says; what only the service can know is taken over. */
  compare(model: TaskModel, rows: readonly TaskRow[]): void {
    const byId = new Map(rows.map((row) => [row.id, row]));
    const expected: unknown[] = [];
    const actual: unknown[] = [];
    for (const task of model.tasks.values()) {
      const row = byId.get(task.id);

      expected.push(shownTask(model, task));
      actual.push(row && shownRow(row, task.name));
      if (!row) continue;
      if (model.changed.has(task.id) !== row.version > task.version) {
        throw new Error(`the version of ${task.name} went from ${task.version} to ${row.version}`);
      }
      if (!model.readied.has(task.id) && row.readyAt !== task.readyAt) {
        throw new Error(`the ready_at of ${task.name} moved without a reason`);
      }
      task.version = row.version;
      task.readyAt = row.readyAt;
    }
    expect(actual).toEqual(expected);
    expect(rows).toHaveLength(model.tasks.size);
    model.changed.clear();
    model.readied.clear();
  }

  /** Rows, edges and attempts are what the model came to, which followed the log. */
  async compareEnd(model: TaskModel): Promise<void> {
    const rows = new Map((await this.rows()).map((row) => [row.id, row]));
    const tasks = [...model.tasks.values()];
    const actual = tasks.map((task) => {
      const row = rows.get(task.id);
      return row && shownRow(row, task.name);
    });
    expect(actual).toEqual(tasks.map((task) => shownTask(model, task)));
    expect(rows.size).toBe(tasks.length);
    await this.compareLinks(model);
  }

  /** The edges and the attempts, the events of each task, and the numbers of the log. */
  async compareAll(model: TaskModel): Promise<void> {
    await this.compareLinks(model);
    const events = await this.tenant.events.all();
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const logs: Record<string, string[]> = {};
    for (const { subjectId, type } of events) {
      const task = model.tasks.get(subjectId);
      if (task) (logs[task.name] ??= []).push(type);
    }
    expect(logs).toEqual(Object.fromEntries([...model.tasks.values()].map((task) => [task.name, task.log])));
  }

  private async compareLinks(model: TaskModel): Promise<void> {
    const edges = await this.tenant.rows<{ blocker: string; blocked: string }>(
      `SELECT blocker_id AS blocker, blocked_id AS blocked, kind, on_failure AS "onFailure", outcome,
         resolved_at IS NOT NULL AS resolved FROM task_edges WHERE tenant_id = $1`,
    );
    expect(sorted(edges)).toEqual(sorted(model.edges));
    const attempts = await this.tenant.rows(
      'SELECT task_id AS task, epoch, agent_id AS agent, outcome FROM task_attempts WHERE tenant_id = $1',
    );
    expect(sorted(attempts)).toEqual(sorted(model.attempts));
  }
}

export type Services = ReturnType<typeof servicesOf>;
function servicesOf(node: RunningNode) {
  return {
    tasks: node.tasks,
    claims: node.get(ClaimsService),
    edges: node.get(EdgesService),
    inputs: node.get(InputsService),
    interventions: node.get(InterventionsService),
    dispatch: node.get(DispatchService),
    sweeper: node.get(Sweeper),
  };
}

/** The answer, or the code of the refusal; what is no refusal breaks the test. */
export async function answerOf(work: Promise<Omit<Answer, 'code'> | undefined>): Promise<Answer> {
  try {
    return { code: 'ok', ...(await work) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { code: error.code };
  }
}

/** The draft as the service takes it. */
export function inputOf(draft: Draft, title: string): CreateTask {
  return aTask({
    id: draft.id,
    title,
    type: draft.type,
    priority: PRIORITIES[draft.priority],
    requiredCapabilities: draft.capabilities,
    dedupeKey: draft.dedupeKey,
    concurrencyKey: draft.concurrencyKey,
    maxAttempts: draft.maxAttempts,
    runAt: draft.later ? FAR : null,
    assignedTo: draft.assignee,
    parentTaskId: draft.parent,
    dependsOn: draft.edges.map(({ blocker, outcome, ...terms }) => ({
      taskId: blocker,
      ...terms,
      ...(outcome && { outcome }),
    })),
  });
}

function shownTask(model: TaskModel, task: ModelTask) {
  const held = task.status === 'in_progress' || task.status === 'awaiting_input';
  return {
    name: task.name,
    status: task.status,
    epoch: task.epoch,
    attempt: task.attempt,
    assignee: task.assignee,
    open: model.openBlockers(task),
    cancelRequested: task.cancelRequested,
    overdue: task.overdue,
    deleted: task.deleted,
    leased: held,
    ended: hasEnded(task),
  };
}

const shownRow = ({ id: _id, version: _version, readyAt: _readyAt, ...row }: TaskRow, name: string) => ({
  name,
  ...row,
});

export const agentAt = (model: TaskModel, index: number): ModelAgent => {
  const agent = model.agents[index % model.agents.length];
  if (!agent) throw new Error('there is no agent');
  return agent;
};

export const sorted = (values: readonly unknown[]): unknown[] =>
  values
    .map((value) => Object.fromEntries(Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1))))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
