import type { Caller } from '../shared/auth/index.js';
import type { Transaction, Transactions } from '../shared/database/index.js';
import { InvalidTransaction, type JsonValue, NotFound } from '../shared/errors/index.js';
import { type ClaimsService, type Held, LeaseLost, type Task } from '../tasks/index.js';
import { type AbortCause, type TaskContext, WorkAborted } from './task-handler.js';

export interface AssignmentParts {
  claims: ClaimsService;
  transactions: Transactions;
}

/** One claimed task that a handler works on. */
export class Assignment implements TaskContext {
  readonly lease: Held;
  private readonly controller = new AbortController();
  /** Writes under way that end the lease. */
  private ending = 0;
  private isLostNow = false;
  /** Set by the worker when it has written the end of the lease. */
  ended = false;
  /** The handler completed the task itself, in the transaction if there was one. */
  private completion?: { transaction: Transaction | undefined; committed: boolean };

  /** @param heldUntil when the lease ends unless it is extended, by `performance.now()` */
  constructor(
    readonly task: Task,
    readonly caller: Caller,
    public heldUntil: number,
    private readonly parts: AssignmentParts,
  ) {
    this.lease = { taskId: task.id, epoch: task.epoch };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** It is somebody else's, or nobody's, by now. Whatever is written for it is refused. */
  get lost(): boolean {
    return this.isLostNow;
  }

  get aborted(): AbortCause | undefined {
    const reason: unknown = this.signal.reason;
    return reason instanceof WorkAborted ? reason.why : undefined;
  }

  /**
   * `committed`: by the handler, and for good. `undone`: by the handler, in a transaction that did not come to its end.
   */
  get completed(): 'committed' | 'undone' | undefined {
    if (!this.completion) return undefined;
    return this.completion.committed ? 'committed' : 'undone';
  }

  /**
   * The end of the lease is being written, or has been: it needs no heartbeat, which would say that it is lost, or wait
   * for the row's lock in front of the other leases of its call.
   */
  get isEnding(): boolean {
    const over = this.ended || this.completed === 'committed';
    return over || this.ending > 0 || this.completion?.transaction?.active === true;
  }

  async progress(percent: number, message?: string, partial?: JsonValue): Promise<void> {
    if (this.completion?.transaction?.active) {
      throw new InvalidTransaction('The task is completed in this transaction; there is no progress after that.');
    }
    const report = {
      percent,
      ...(message !== undefined && { message }),
      ...(partial !== undefined && { partial }),
    };
    const { claims, transactions } = this.parts;
    // Outside of the handler's transaction, which would hide it until its end and keep heartbeats waiting for the row.
    await this.fenced(() =>
      transactions.run({ propagation: 'not_supported' }, () => claims.progress(this.caller, this.lease, report)),
    );
  }

  async complete(result: JsonValue = null): Promise<Task> {
    const { claims, transactions } = this.parts;
    const task = await this.end(() => claims.complete(this.caller, this.lease, result));
    const completion = { transaction: transactions.current(), committed: false };
    this.completion = completion;
    await transactions.afterCommit(() => (completion.committed = true));
    return task;
  }

  /** Runs a write that ends the lease. */
  async end<T>(write: () => Promise<T>): Promise<T> {
    this.ending++;
    try {
      return await this.fenced(write);
    } finally {
      this.ending--;
    }
  }

  /** Fires the signal; the first cause stays. */
  abort(why: AbortCause): void {
    if (why === 'lease_lost') this.isLostNow = true;
    if (!this.signal.aborted) this.controller.abort(new WorkAborted(this.lease.taskId, why));
  }

  /** A refusal by the fence tells the handler as well. */
  private async fenced<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (isLost(error)) this.abort('lease_lost');
      throw error;
    }
  }
}

/** The task is not this holder's any more, or gone. */
export const isLost = (error: unknown): boolean =>
  error instanceof LeaseLost || (error instanceof NotFound && error.details.entity === 'task');
