import type { Caller } from '../shared/auth/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import { defineEvent, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import { createdData, type NewTask } from './new-task.js';
import { PAUSE_SCOPES, type PauseTarget } from './pause.js';
import { CLAIM_KINDS, type Edge, EDGE_KINDS, ON_FAILURE, PRIORITIES, type Task } from './task.entity.js';
import { END_STATUSES } from './task-state.js';

type Properties = Readonly<Record<string, JsonSchema>>;

const UUID: JsonSchema = { type: 'string', format: 'uuid' };
const PAUSE: Properties = {
  scope: { type: 'string', enum: PAUSE_SCOPES },
  subject: { type: 'string', description: 'The id of the workspace or the agent, or the type.' },
  reason: { type: ['string', 'null'] },
};
const ERROR: JsonSchema = { type: ['object', 'null'], description: 'Code and message of what went wrong.' };
const ATTEMPT: Properties = {
  agentId: { ...UUID, description: 'Who holds or held the task.' },
  epoch: { type: 'integer', minimum: 1, description: 'Which claim it was.' },
  attempt: { type: 'integer', minimum: 0, description: 'The number of the attempt.' },
};
const OUTCOMES = ['failed', 'released', 'expired', 'timed_out', 'cancelled', 'blocked'];
const ENDED: Properties = {
  agentId: { type: ['string', 'null'], format: 'uuid', description: 'Who held the task; null when nobody did.' },
  epoch: { type: 'integer', minimum: 0, description: 'The newest claim.' },
  attempt: { type: 'integer', minimum: 0, description: 'The number of the newest attempt.' },
  outcome: { type: 'string', enum: OUTCOMES, description: 'How it ended; `blocked`: by the policy of an edge.' },
  error: ERROR,
  status: { type: 'string', enum: ['pending', 'failed', 'timeout', 'cancelled'], description: 'What the task is now.' },
};
const HOLDER: Properties = {
  agentId: { ...UUID, description: 'Who holds the task.' },
  epoch: { type: 'integer', minimum: 1 },
};
const WARNING: Properties = {
  percent: { type: 'integer', enum: [75, 90], description: 'How much of the time is over.' },
  endsAt: { type: 'string', format: 'date-time' },
};
const EDGE: Properties = {
  taskId: { ...UUID, description: 'The task that this one depends on.' },
  kind: { type: 'string', enum: EDGE_KINDS },
  onFailure: { type: 'string', enum: ON_FAILURE },
  outcome: { type: ['string', 'null'], enum: [...END_STATUSES, null], description: 'For conditional edges.' },
};

const created = define('task.created', 'A task was made.', {
  type: { type: 'string' },
  title: { type: 'string' },
  status: {
    type: 'string',
    enum: ['pending', 'assigned', 'completed', 'cancelled'],
    description: 'An imported task may have ended before.',
  },
  priority: { type: 'string', enum: PRIORITIES },
  parentTaskId: { type: ['string', 'null'], format: 'uuid' },
  dependsOn: {
    type: 'array',
    items: { type: 'object', properties: EDGE, required: Object.keys(EDGE), additionalProperties: false },
    description: 'Its edges to other tasks; the kinds blocks, waits_for and conditional keep it from being claimed.',
  },
});
const updated = define('task.updated', 'Fields of the task were changed.', {
  fields: { type: 'array', items: { type: 'string' }, description: 'Their names.' },
  version: { type: 'integer', minimum: 2 },
});
const deleted = define('task.deleted', 'The task was deleted.', { title: { type: 'string' } });
const edgeAdded = define('task.edge_added', 'The task depends on another one.', EDGE);
const edgeRemoved = define('task.edge_removed', 'The task depends on another one no longer.', EDGE);
const awaiting = define('task.awaiting_input', 'The holder waits for input; lease and timeout stand still.', HOLDER);
const inputGiven = define('task.input_received', 'The input came, and the attempt goes on.', HOLDER);
const retried = define('task.retried', 'A task that had failed or timed out is pending again.', {
  epoch: { type: 'integer', minimum: 0 },
});
const paused = define(
  'tasks.paused',
  'Tasks of the workspace or type are not claimed, or the agent claims none.',
  PAUSE,
  'pause',
);
const resumed = define(
  'tasks.resumed',
  'What was paused can be claimed, or the agent can claim, again.',
  PAUSE,
  'pause',
);
const blocked = {
  failed: define('task.failed', 'The task failed for good: no attempt was left, or another would fail too.', ENDED),
  cancelled: define('task.cancelled', 'The task was cancelled, or skipped by the policy of an edge.', ENDED),
};

// Written by the database functions that change the rows.
define('task.claimed', 'An agent took the task under a lease.', {
  ...ATTEMPT,
  claimKind: { type: 'string', enum: CLAIM_KINDS },
});
define('task.progressed', 'The holder told how far it is.', {
  ...HOLDER,
  percent: { type: 'integer', minimum: 0, maximum: 100 },
  message: { type: ['string', 'null'] },
});
define('task.completed', 'The holder finished the task.', ATTEMPT);
define('task.attempt_failed', 'The attempt failed; the task is tried again.', ENDED);
define('task.released', 'The holder gave the task back; the attempt does not count.', ENDED);
define('task.lease_expired', 'The holder was not heard of in time; the task is tried again.', ENDED);
define('task.attempt_timed_out', 'The attempt took too long; the task is tried again.', ENDED);
define('task.timed_out', 'The task ended by its deadline, or by the timeout of its last attempt.', ENDED);
define('task.cancel_requested', 'The holder is asked to stop.', { ...HOLDER, reason: { type: ['string', 'null'] } });
define('task.timeout_warning', 'The attempt will time out.', { ...HOLDER, ...WARNING });
define('task.deadline_warning', 'The deadline of the task is near.', {
  agentId: { type: ['string', 'null'], format: 'uuid', description: 'Who holds the task.' },
  ...WARNING,
});
define('task.overdue', 'A claim that is never taken away is past its lease, its timeout or its deadline.', {
  ...HOLDER,
  limit: { type: 'string', enum: ['lease', 'timeout', 'deadline'] },
});

export const taskCreated = (caller: Caller, task: NewTask): NewEvent => created(by(caller, task, createdData(task)));

/** `fields` are the names of what changed. */
export const taskUpdated = (caller: Caller, task: Task, fields: string[]): NewEvent =>
  updated(by(caller, task, { fields, version: task.version }));

export const taskEdgeAdded = (caller: Caller, task: Task, edge: Edge): NewEvent =>
  edgeAdded(by(caller, task, edgeData(edge)));

export const taskEdgeRemoved = (caller: Caller, task: Task, edge: Edge): NewEvent =>
  edgeRemoved(by(caller, task, edgeData(edge)));

export const taskAwaitsInput = (caller: Caller, task: Task): NewEvent => awaiting(by(caller, task, holderOf(task)));

export const taskInputReceived = (caller: Caller, task: Task): NewEvent => inputGiven(by(caller, task, holderOf(task)));

export const taskRetried = (caller: Caller, task: Task): NewEvent => retried(by(caller, task, { epoch: task.epoch }));

/** For tasks that the policy of an edge has ended. */
export const tasksBlocked = (caller: Caller, ended: readonly Task[]): NewEvent[] =>
  ended.map((task) => taskBlocked(caller, task));

const taskBlocked = (caller: Caller, task: Task): NewEvent => {
  const { epoch, attempt, error } = task;
  const status = task.status === 'failed' ? 'failed' : 'cancelled';
  return blocked[status](by(caller, task, { agentId: null, epoch, attempt, outcome: 'blocked', error, status }));
};

export const tasksPaused = (caller: Caller, pause: PauseTarget, reason: string | null): NewEvent =>
  paused(ofPause(caller, pause, reason));

export const tasksResumed = (caller: Caller, pause: PauseTarget): NewEvent => resumed(ofPause(caller, pause, null));

/** In the feed of the workspace, else in the tenant's own. */
const ofPause = (caller: Caller, pause: PauseTarget, reason: string | null) => ({
  feedId: pause.scope === 'workspace' ? pause.subject : caller.tenantId,
  subjectId: pause.scope === 'type' ? caller.tenantId : pause.subject,
  actorId: caller.actorId,
  data: { ...pause, reason },
});

const edgeData = ({ blockerId, kind, onFailure, outcome }: Edge): JsonObject => ({
  taskId: blockerId,
  kind,
  onFailure,
  outcome,
});

const holderOf = ({ assignedTo, epoch }: Task): JsonObject => ({ agentId: assignedTo, epoch });

export const taskDeleted = (caller: Caller, task: Task): NewEvent => deleted(by(caller, task, { title: task.title }));

function define(type: string, description: string, properties: Properties, subjectType = 'task') {
  const data: JsonSchema = {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
  return defineEvent<JsonObject>({ type, subjectType, description, data });
}

const by = (caller: Caller, task: Pick<Task, 'id' | 'workspaceId'>, data: JsonObject) => ({
  feedId: task.workspaceId,
  subjectId: task.id,
  actorId: caller.actorId,
  data,
});
