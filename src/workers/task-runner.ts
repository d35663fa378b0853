import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { DomainError, type JsonValue } from '../shared/errors/index.js';
import { logContext } from '../shared/logging/index.js';
import { Metrics, withSpan } from '../shared/metrics/index.js';
import { ClaimsService, type Failure, InvalidTransition, type Lease } from '../tasks/index.js';
import { type Assignment, isLost } from './assignment.js';
import { failureOf } from './task-failure.js';
import type { Handler } from './task-handlers.js';
import { WorkerAgent } from './worker-agent.js';

/** How the work on a task ended, as far as this worker is concerned. */
export type Outcome = 'completed' | 'failed' | 'released' | 'lost';

/** What the slot of an ended task goes on with. */
export interface Next {
  lease: Lease;
  /** When its lease ends at the earliest, by `performance.now()`. */
  heldUntil: number;
}

/** Types to claim with the completion; undefined for none. */
export type Following = () => readonly string[] | undefined;

interface End {
  outcome: Outcome;
  next?: Next;
}

const RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;

/** Calls handlers, and writes what comes of it. */
@Injectable()
export class TaskRunner {
  private readonly logger = new Logger('worker');
  private readonly outcomes;

  constructor(
    private readonly claims: ClaimsService,
    private readonly agent: WorkerAgent,
    metrics: Metrics,
  ) {
    this.outcomes = metrics.counter({
      name: 'worker_tasks_total',
      help: 'Tasks that handlers of this process worked on, by how that ended.',
      labels: ['type', 'outcome'],
    });
  }

  /** Never rejects: what cannot be written is logged, and the lease brings the task back. */
  async run(assignment: Assignment, handler: Handler, following: Following): Promise<Next | undefined> {
    const { task, caller, lease } = assignment;
    const keys = { tenantId: caller.tenantId, agentId: caller.actorId, taskId: task.id, epoch: lease.epoch };
    const { outcome, next } = await logContext.run(keys, () =>
      this.work(assignment, handler, following).catch((error: unknown): End => {
        this.logger.error({ msg: 'the end of a task could not be written', taskId: task.id, err: error });
        return { outcome: 'lost' };
      }),
    );
    this.outcomes.inc({ type: handler.type, outcome });
    return next;
  }

  /** Gives a task back that was not worked on, or whose handler does not come to its end. */
  async release(assignment: Assignment, reason: string): Promise<Outcome> {
    const released = await this.write(assignment, () =>
      this.claims.release(assignment.caller, assignment.lease, reason),
    );
    return released ? 'released' : 'lost';
  }

  private async work(assignment: Assignment, { type, handle }: Handler, following: Following): Promise<End> {
    let result: JsonValue | void;
    try {
      result = await withSpan('task.handle', { 'task.type': type }, () => handle(assignment.task, assignment));
    } catch (error) {
      return { outcome: await this.afterError(assignment, error) };
    }
    if (assignment.completed === 'committed') return { outcome: 'completed' };
    const over = overBefore(assignment);
    if (over) return { outcome: over };
    if (assignment.completed === 'undone') return { outcome: await this.fail(assignment, UNDONE) };
    return this.complete(assignment, result ?? null, following());
  }

  private async afterError(assignment: Assignment, error: unknown): Promise<Outcome> {
    const { taskId } = assignment.lease;
    if (assignment.completed === 'committed') {
      this.logger.error({ msg: 'a handler failed after it had completed its task', taskId, err: error });
      return 'completed';
    }
    const over = overBefore(assignment);
    if (over) return over;
    // It was asked to end, and did.
    if (assignment.aborted) return this.release(assignment, assignment.aborted);
    this.logger.warn({ msg: 'a handler failed', taskId, err: error });
    return this.fail(assignment, failureOf(error));
  }

  /** A result that is refused fails the attempt, and would again. */
  private async complete(assignment: Assignment, result: JsonValue, types?: readonly string[]): Promise<End> {
    const { caller, lease } = assignment;
    let next: Next | undefined;
    const end = async (): Promise<void> => {
      const heldUntil = performance.now() + this.agent.leaseMs;
      if (!types) return void (await this.claims.complete(caller, lease, result));
      const claimed = await this.agent.completeAndClaim(lease, result, types);
      next = claimed && { lease: claimed, heldUntil };
    };
    try {
      const outcome = (await this.write(assignment, end)) ? 'completed' : 'lost';
      return { outcome, ...(next && { next }) };
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'invalid') throw error;
      this.logger.error({ msg: 'a handler’s result was refused', taskId: lease.taskId, err: error });
      return { outcome: await this.fail(assignment, { ...failureOf(error), retryable: false }) };
    }
  }

  private async fail(assignment: Assignment, failure: Failure): Promise<Outcome> {
    const written = await this.write(assignment, () => this.claims.fail(assignment.caller, assignment.lease, failure));
    return written ? 'failed' : 'lost';
  }

  /**
   * Writes the end of a lease, again while the database does not answer and the lease lasts: a repeat of what was
   * written is harmless. False when the lease was lost or ended before.
   */
  private async write(assignment: Assignment, end: () => Promise<unknown>): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      try {
        await assignment.end(end);
        assignment.ended = true;
        return true;
      } catch (error) {
        if (isLost(error) || error instanceof InvalidTransition) {
          this.logger.warn({ msg: 'the end of a task was refused', taskId: assignment.lease.taskId, err: error });
          return false;
        }
        const unavailable = error instanceof DomainError && error.kind === 'unavailable';
        if (!unavailable || performance.now() >= assignment.heldUntil) throw error;
        await pause(Math.random() * Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** attempt));
      }
    }
  }
}

/** A handler that comes to its end too late has nothing left to say. */
function overBefore(assignment: Assignment): Outcome | undefined {
  if (assignment.lost) return 'lost';
  return assignment.ended ? 'released' : undefined;
}

const UNDONE: Failure = {
  code: 'completion_undone',
  message: 'The handler completed the task in a transaction that was rolled back, and returned all the same.',
};
