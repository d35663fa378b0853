import type { JsonValue, Task } from '../methods.js';

/** Works on a task. What it resolves to is the task's result; what it throws ends the attempt. */
export type TaskHandler = (task: Task, context: TaskContext) => Promise<JsonValue | void>;

/** A task that is held, and the epoch that every write by its holder carries. */
export interface Held {
  readonly taskId: string;
  readonly epoch: number;
}

/** What a handler gets beside its task. */
export interface TaskContext {
  readonly lease: Held;
  /** Fires when the work is for nothing or must end; its `reason` is a `WorkAborted`. */
  readonly signal: AbortSignal;

  /**
   * Tells how far the work is, in per cent.
   * @throws MusterError with the code `lease_lost`
   */
  progress(percent: number, message?: string, partial?: JsonValue): Promise<void>;
}

/** Why work was aborted: the lease is somebody else's by now, cancelling was asked for, or the process stops. */
export type AbortCause = 'lease_lost' | 'cancelled' | 'shutdown';

/**
 * The reason of a handler's signal. A handler that throws it has stopped as it was told; with `lease_lost` nothing more
 * is said of the task, and its lease runs out.
 */
export class WorkAborted extends Error {
  constructor(
    taskId: string,
    readonly why: AbortCause,
  ) {
    super(`The work on task ${taskId} was aborted: ${why}.`);
    this.name = 'WorkAborted';
  }
}
