import type { LoggedEvent } from '../../src/shared/events/index.js';
import {
  type ClaimKind,
  type Draft,
  type EndStatus,
  hasEnded,
  isHeld,
  isWaiting,
  type Kind,
  type ModelAgent,
  type ModelTask,
  type Policy,
  TaskModel,
  verdict,
} from './task-model.js';

/** What a task was from a number of the log on. */
export interface Moment extends Pick<ModelTask, 'status' | 'epoch' | 'deleted' | 'cancelRequested'> {
  seq: number;
}

interface Known {
  agents: readonly ModelAgent[];
  drafts: ReadonlyMap<string, Draft>;
  limits: ReadonlyMap<string, number>;
}

/** Only these may stand between the end of a blocker and what the policies of its edges make of others. */
const ONE_STEP = new Set([
  'task.created',
  'task.completed',
  'task.failed',
  'task.cancelled',
  'task.timed_out',
  'task.retried',
]);

/**
 * Repeats a log on a model, whose answers to each event say whether it was a legal step.
 * @returns the model at the end, and what each task was when
 */
export function replay(events: readonly LoggedEvent[], known: Known) {
  const model = new TaskModel(true);
  model.agents.push(...known.agents);
  for (const [key, limit] of known.limits) model.limits.set(key, limit);
  const moments = new Map<string, Moment[]>();
  for (const event of events.filter(({ type }) => type.startsWith('task.'))) {
    try {
      if (!ONE_STEP.has(event.type)) assertNoneOverlooked(model);
      step(model, event, known);
    } catch (error) {
      throw new Error(`event ${event.seq}, ${event.type} ${JSON.stringify(event.data)}: ${String(error)}`, {
        cause: error,
      });
    }
    const task = model.tasks.get(event.subjectId);
    if (!task) continue;
    const { status, epoch, deleted, cancelRequested } = task;
    const before = moments.get(task.id) ?? [];
    moments.set(task.id, [...before, { seq: event.seq, status, epoch, deleted, cancelRequested }]);
  }
  assertNoneOverlooked(model);
  return { model, moments };
}

function step(model: TaskModel, event: LoggedEvent, known: Known): void {
  const data = event.data ?? {};
  const epoch = Number(data.epoch);
  if (event.type === 'task.created') {
    const draft = known.drafts.get(event.subjectId);
    if (!draft) throw new Error('nobody asked for it');
    return ok(model.create([draft]));
  }
  const task = model.get(event.subjectId);
  if (!task) throw new Error('there is no such task');
  const { id } = task;
  const edge = {
    blocker: String(data.taskId),
    kind: data.kind as Kind,
    onFailure: data.onFailure as Policy,
    outcome: data.outcome as EndStatus | null,
  };
  switch (event.type) {
    case 'task.claimed':
      return claim(model, task, data);
    case 'task.progressed':
      return ok(model.progress(id, epoch));
    case 'task.completed':
      if (task.status === 'completed') throw new Error('it was completed before');
      return ok(model.complete(id, epoch));
    case 'task.awaiting_input':
      return ok(model.awaitInput(id, epoch));
    case 'task.input_received':
      return ok(model.giveInput(id));
    case 'task.cancel_requested':
      if (task.status !== 'in_progress' || task.cancelRequested) throw new Error('it was not to be asked');
      return ok(model.cancel(id, false).code);
    case 'task.retried':
      return ok(model.retry(id));
    case 'task.updated':
      return model.note(task, event.type);
    case 'task.deleted':
      return ok(model.delete(id));
    case 'task.edge_added':
      return ok(model.addEdge(id, edge));
    case 'task.edge_removed':
      return ok(model.removeEdge(id, edge.blocker, edge.kind));
    case 'task.overdue':
      return model.flagOverdue(task);
    default:
      return end(model, task, event);
  }
}

/** Several agents at once need not get the best, but nobody what is not for them. */
function claim(model: TaskModel, task: ModelTask, data: Record<string, unknown>): void {
  const agent = model.agents.find(({ id }) => id === data.agentId);
  if (!agent) throw new Error('there is no such agent');
  if (task.status === 'assigned' && task.assignee !== agent.id) throw new Error('it is for somebody else');
  if (model.openBlockers(task) > 0) throw new Error('it is blocked');
  if (task.later) throw new Error('its time has not come');
  if (model.room(task.concurrencyKey) <= 0) throw new Error(`its key ${task.concurrencyKey} is full`);
  if (agent.capacity !== null && model.held(agent) >= agent.capacity) throw new Error('the agent is full');
  if (task.status === 'pending' && !task.capabilities.every((one) => agent.capabilities.includes(one))) {
    throw new Error('the agent cannot do it');
  }
  model.take(task, agent, data.claimKind as ClaimKind);
  same(`${task.epoch} ${task.attempt}`, `${data.epoch} ${data.attempt}`);
}

/** What ends an attempt, a task or both. */
function end(model: TaskModel, task: ModelTask, { type, data }: LoggedEvent): void {
  const { outcome, status } = data ?? {};
  same(task.epoch, data?.epoch);
  if (outcome === 'blocked') {
    if (!model.overlooked(task)) throw new Error('no edge ends it');
    model.doom(task, status as 'failed' | 'cancelled');
  } else if (outcome === 'cancelled') {
    if (task.status === 'in_progress') throw new Error('its holder was not asked');
    same(model.cancel(task.id, false).code, 'ok');
  } else if (outcome === 'timed_out' && !isHeld(task)) {
    model.deadlinePassed(task);
  } else {
    const taken = outcome === 'released' || outcome === 'timed_out' ? 'release' : 'fail';
    ok(verdict(task, Number(data?.epoch), taken));
    model.giveUp(task, outcome as 'failed' | 'released' | 'expired' | 'timed_out', status === 'pending');
  }
  same(task.log.at(-1), type);
  same(task.status, status);
}

function assertNoneOverlooked(model: TaskModel): void {
  for (const task of model.tasks.values()) {
    if (isWaiting(task) && model.overlooked(task)) throw new Error(`the end of its blocker has not ended ${task.name}`);
    const finished = model.edges.find(
      (edge) => edge.blocked === task.id && !edge.resolved && isSatisfied(model, edge.blocker, edge.kind),
    );
    if (finished) throw new Error(`${task.name} is blocked by what has ended`);
  }
}

const isSatisfied = (model: TaskModel, blocker: string, kind: Kind): boolean => {
  const task = model.tasks.get(blocker);
  return (
    task !== undefined &&
    (task.status === 'completed' ? kind !== 'conditional' : hasEnded(task) && kind === 'waits_for')
  );
};

function ok(code: string): void {
  same(code, 'ok');
}

function same(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`the model says ${String(actual)}, the log ${String(expected)}`);
}
