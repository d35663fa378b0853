import type { Caller } from '../shared/auth/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import { defineEvent, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import { createdData, type NewTask } from './new-task.js';
import { PRIORITIES, type Task } from './task.entity.js';

type Properties = Readonly<Record<string, JsonSchema>>;

const UUID: JsonSchema = { type: 'string', format: 'uuid' };
const ERROR: JsonSchema = { type: ['object', 'null'], description: 'Code and message of what went wrong.' };
const ATTEMPT: Properties = {
  agentId: { ...UUID, description: 'Who holds or held the task.' },
  epoch: { type: 'integer', minimum: 1, description: 'Which claim it was.' },
  attempt: { type: 'integer', minimum: 0, description: 'The number of the attempt.' },
};
const ENDED: Properties = {
  ...ATTEMPT,
  outcome: { type: 'string', enum: ['failed', 'released', 'expired'], description: 'How the attempt ended.' },
  error: ERROR,
  status: { type: 'string', enum: ['pending', 'failed'], description: 'What the task is now.' },
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
  blockedBy: { type: 'array', items: UUID, description: 'Tasks that must be completed before it can be claimed.' },
});
const updated = define('task.updated', 'Fields of the task were changed.', {
  fields: { type: 'array', items: { type: 'string' }, description: 'Their names.' },
  version: { type: 'integer', minimum: 2 },
});
const deleted = define('task.deleted', 'The task was deleted.', { title: { type: 'string' } });

// What claimants do: written by the database functions that change the rows.
define('task.claimed', 'An agent took the task under a lease.', ATTEMPT);
define('task.progressed', 'The holder told how far it is.', {
  agentId: UUID,
  epoch: { type: 'integer', minimum: 1 },
  percent: { type: 'integer', minimum: 0, maximum: 100 },
  message: { type: ['string', 'null'] },
});
define('task.completed', 'The holder finished the task.', ATTEMPT);
define('task.attempt_failed', 'The attempt failed; the task is tried again.', ENDED);
define('task.released', 'The holder gave the task back; the attempt does not count.', ENDED);
define('task.lease_expired', 'The holder was not heard of in time; the task is tried again.', ENDED);
define('task.failed', 'The task failed for good: no attempt was left, or another would fail too.', ENDED);

export const taskCreated = (caller: Caller, task: NewTask): NewEvent => created(by(caller, task, createdData(task)));

/** `fields` are the names of what changed. */
export const taskUpdated = (caller: Caller, task: Task, fields: string[]): NewEvent =>
  updated(by(caller, task, { fields, version: task.version }));

export const taskDeleted = (caller: Caller, task: Task): NewEvent => deleted(by(caller, task, { title: task.title }));

function define(type: string, description: string, properties: Properties) {
  const data: JsonSchema = {
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  };
  return defineEvent<JsonObject>({ type, subjectType: 'task', description, data });
}

const by = (caller: Caller, task: Pick<Task, 'id' | 'workspaceId'>, data: JsonObject) => ({
  feedId: task.workspaceId,
  subjectId: task.id,
  actorId: caller.actorId,
  data,
});
