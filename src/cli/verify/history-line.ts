import type { JsonObject, JsonValue } from '../../shared/errors/index.js';
import type { EventView } from '../../workspaces/index.js';
import type { WireTask } from '../wire.js';

/** A lease: the proof of a claim. */
export interface LeaseOf {
  taskId: string;
  epoch: number;
}

/** The members of an event that the rules speak of, as the API serves them. */
export type HistoryEvent = Pick<EventView, 'type' | 'subject' | 'time' | 'sequence' | 'feed' | 'data'>;

/** The members of a task that the rules speak of. */
export type HistoryTask = Pick<WireTask, 'id' | 'workspaceId' | 'status' | 'epoch' | 'assignedTo' | 'openBlockers'>;

/** What an agent asked for, written down before the request was sent. */
export interface CallLine {
  kind: 'call';
  /** Of the recorder; rises from line to line. */
  n: number;
  /** The agent's own clock, which may be wrong: for people, not for the rules. */
  at: string;
  id: string;
  agent: string;
  /** claim, heartbeat, progress, complete, fail, release, create; others are held to the rule of repeats only. */
  operation: string;
  taskId?: string;
  epoch?: number;
  /** What a heartbeat extends. */
  leases?: LeaseOf[];
  /** Of a claim; `agent` unless given. */
  claimKind?: string;
  /** Idempotency-Key. */
  key?: string;
  /** Equal for equal bodies. */
  bodyHash?: string;
}

/** What came back, written down when it came. */
export interface AnswerLine {
  kind: 'answer';
  n: number;
  at: string;
  callId: string;
  /** No answer came: nobody knows whether it was done. */
  lost?: true;
  status?: number;
  /** Of a refusal. */
  code?: string;
  /** What a claim, or a completion that claims the next task, gave. */
  leases?: LeaseOf[];
  /** What a heartbeat was told of each lease; one with a code was not extended. */
  results?: (LeaseOf & { code?: string })[];
  /** Ids of the tasks that were created. */
  tasks?: string[];
  /** Equal for equal bodies. */
  bodyHash?: string;
}

export type HistoryLine =
  | CallLine
  | AnswerLine
  /** Where the record of a feed begins, when that is not at its first event. */
  | { kind: 'feed'; feed: string; after: number }
  | { kind: 'event'; event: HistoryEvent }
  | { kind: 'task'; task: HistoryTask };

/** A line that the format does not know; the message says why. */
export class BadHistoryLine extends Error {}

/**
 * Reads one line of a history. Members that the rules do not speak of are allowed and left out of the check.
 * @throws BadHistoryLine
 */
export function readHistoryLine(text: string): HistoryLine {
  const line = objectOf('the line', parsed(text));
  switch (line.kind) {
    case 'call':
      return readCall(line);
    case 'answer':
      return readAnswer(line);
    case 'feed':
      return { kind: 'feed', feed: word('feed', line.feed), after: whole('after', line.after) };
    case 'event':
      return { kind: 'event', event: readEvent(objectOf('event', line.event)) };
    case 'task':
      return { kind: 'task', task: readTask(objectOf('task', line.task)) };
    default:
      throw new BadHistoryLine(`kind must be call, answer, feed, event or task, not ${JSON.stringify(line.kind)}`);
  }
}

const readCall = (line: JsonObject): CallLine => ({
  kind: 'call',
  n: whole('n', line.n),
  at: word('at', line.at),
  id: word('id', line.id),
  agent: word('agent', line.agent),
  operation: word('operation', line.operation),
  ...optional('taskId', line.taskId, word),
  ...optional('epoch', line.epoch, whole),
  ...optional('leases', line.leases, leases),
  ...optional('claimKind', line.claimKind, word),
  ...optional('key', line.key, word),
  ...optional('bodyHash', line.bodyHash, word),
});

function readAnswer(line: JsonObject): AnswerLine {
  if (line.lost !== true && line.status === undefined) {
    throw new BadHistoryLine('an answer has a status, or lost: true');
  }
  return {
    kind: 'answer',
    n: whole('n', line.n),
    at: word('at', line.at),
    callId: word('callId', line.callId),
    ...(line.lost === true && { lost: true as const }),
    ...optional('status', line.status, whole),
    ...optional('code', line.code, word),
    ...optional('leases', line.leases, leases),
    ...optional('results', line.results, leases),
    ...optional('tasks', line.tasks, words),
    ...optional('bodyHash', line.bodyHash, word),
  };
}

const readEvent = (event: JsonObject): HistoryEvent => ({
  type: word('type of the event', event.type),
  subject: word('subject of the event', event.subject),
  time: word('time of the event', event.time),
  sequence: whole('sequence of the event', event.sequence),
  feed: word('feed of the event', event.feed),
  data: event.data === undefined || event.data === null ? null : objectOf('data of the event', event.data),
});

const readTask = (task: JsonObject): HistoryTask => ({
  id: word('id of the task', task.id),
  workspaceId: word('workspaceId of the task', task.workspaceId),
  status: word('status of the task', task.status) as HistoryTask['status'],
  epoch: whole('epoch of the task', task.epoch),
  assignedTo: typeof task.assignedTo === 'string' ? task.assignedTo : null,
  openBlockers: whole('openBlockers of the task', task.openBlockers),
});

function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new BadHistoryLine('it is not valid JSON');
  }
}

function optional<Name extends string, T>(
  name: Name,
  value: JsonValue | undefined,
  read: (name: string, value: JsonValue | undefined) => T,
): { [Key in Name]?: T } {
  if (value === undefined || value === null) return {};
  return { [name]: read(name, value) } as { [Key in Name]: T };
}

function word(name: string, value: JsonValue | undefined): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new BadHistoryLine(`${name} must be a text that is not empty`);
}

function whole(name: string, value: JsonValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new BadHistoryLine(`${name} must be a whole number`);
}

function list(name: string, value: JsonValue | undefined): JsonValue[] {
  if (Array.isArray(value)) return value;
  throw new BadHistoryLine(`${name} must be a list`);
}

const words = (name: string, value: JsonValue | undefined): string[] =>
  list(name, value).map((item) => word(`each of ${name}`, item));

const leases = (name: string, value: JsonValue | undefined): (LeaseOf & { code?: string })[] =>
  list(name, value).map((item) => {
    const { taskId, epoch, code } = objectOf(`each of ${name}`, item);
    return { taskId: word('taskId', taskId), epoch: whole('epoch', epoch), ...optional('code', code, word) };
  });

function objectOf(name: string, value: JsonValue | undefined): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new BadHistoryLine(`${name} must be a JSON object`);
}
