import type { MusterClient } from '../client.js';
import { MusterError } from '../errors.js';
import type { JsonValue, Lease, Task } from '../methods.js';
import type { Source } from './source.js';
import { type AbortCause, type Held, type TaskContext, WorkAborted } from './task-handler.js';

/** A task, and the epoch under which it is held. */
export type Given = Pick<Lease, 'task' | 'epoch'>;

export const heldBy = ({ task, epoch }: Given): Held => ({ taskId: task.id, epoch });

/** One claimed task that a handler works on. */
export class Assignment implements TaskContext {
  readonly task: Task;
  readonly lease: Held;
  /** Its end is being written, or has been: it needs no heartbeat, which would say that it is lost. */
  ending = false;
  private readonly controller = new AbortController();

  /** @param heldUntil when the lease ends unless it is extended, by `performance.now()` */
  constructor(
    { task, epoch }: Given,
    readonly source: Source,
    public heldUntil: number,
    private readonly client: MusterClient,
  ) {
    this.task = task;
    this.lease = heldBy({ task, epoch });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get aborted(): AbortCause | undefined {
    const reason: unknown = this.signal.reason;
    return reason instanceof WorkAborted ? reason.why : undefined;
  }

  async progress(percent: number, message?: string, partial?: JsonValue): Promise<void> {
    const { taskId: id, epoch } = this.lease;
    const report = { ...(message !== undefined && { message }), ...(partial !== undefined && { partial }) };
    try {
      await this.client.call('task.progress', { id, epoch, percent, ...report }, { signal: this.signal });
    } catch (error) {
      if (isLost(error)) this.abort('lease_lost');
      throw error;
    }
  }

  /** Fires the signal; the first cause stays. */
  abort(why: AbortCause): void {
    if (!this.signal.aborted) this.controller.abort(new WorkAborted(this.lease.taskId, why));
  }
}

/** The task is not this holder's any more, or gone. */
export const isLost = (error: unknown): boolean =>
  error instanceof MusterError &&
  (error.code === 'lease_lost' || (error.code === 'not_found' && error.problem.entity === 'task'));
