import type { Caller } from '../shared/auth/index.js';
import type { JsonValue } from '../shared/errors/index.js';
import type { Held, Task } from '../tasks/index.js';

/** What a handler gets beside its task. */
export interface TaskContext {
  /** The task's id and the epoch of the claim: what every write by the holder carries. */
  readonly lease: Held;
  /** The worker's agent, as services are called. */
  readonly caller: Caller;
  /** Fires when the work is for nothing or must end; its `reason` is a `WorkAborted`. */
  readonly signal: AbortSignal;

  /**
   * Tells how far the work is, in per cent. It is seen at once, also from within a transaction.
   * @throws LeaseLost
   */
  progress(percent: number, message?: string, partial?: JsonValue): Promise<void>;

  /**
   * Completes the task before the handler returns. In a transaction it commits with what else was written there, or not
   * at all; keep what follows it in that transaction short, as its lease is not extended meanwhile.
   * @throws LeaseLost, which also undoes the transaction unless it is caught
   */
  complete(result?: JsonValue): Promise<Task>;
}

/** Why work was aborted: the lease is somebody else's by now, cancelling was asked for, or the process stops. */
export type AbortCause = 'lease_lost' | 'cancelled' | 'shutdown';

export class WorkAborted extends Error {
  constructor(
    taskId: string,
    readonly why: AbortCause,
  ) {
    super(`The work on task ${taskId} was aborted: ${why}.`);
    this.name = 'WorkAborted';
  }
}

export interface TaskHandlerOptions {
  /** Tasks of this type that run at once at most; the worker's own limit unless given. */
  concurrency?: number;
}

/** What it resolves to is the task's result; what it throws ends the attempt. */
export type TaskMethod = (task: Task, context: TaskContext) => Promise<JsonValue | void>;

export interface Declaration extends TaskHandlerOptions {
  type: string;
}

const TASK_HANDLER = Symbol('task handler');

/**
 * Makes a provider's method the handler of the tasks of a type. It is called with a task that the worker has claimed;
 * when its promise resolves, the task is completed with the value, and when it rejects, the attempt has failed.
 *
 *     @TaskHandler('ship-order', { concurrency: 2 })
 *     async ship(task: Task, context: TaskContext): Promise<JsonValue> { … }
 */
export function TaskHandler(type: string, options: TaskHandlerOptions = {}) {
  return <M extends TaskMethod>(target: object, name: string, descriptor: TypedPropertyDescriptor<M>): void => {
    if (!descriptor.value) throw new TypeError(`@TaskHandler stands on ${name}, which is not a method.`);
    // By name, not on the function: another decorator may put its own function in the place of this one.
    Reflect.defineMetadata(TASK_HANDLER, { type, ...options } satisfies Declaration, target, name);
  };
}

/** What `@TaskHandler` says of a method, inherited ones included. */
export const declarationOf = (prototype: object, name: string): Declaration | undefined =>
  Reflect.getMetadata(TASK_HANDLER, prototype, name) as Declaration | undefined;
