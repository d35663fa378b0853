import type { Metrics } from '../shared/metrics/index.js';
import { CLAIM_KINDS, type Task } from './task.entity.js';
import { END_STATUSES, hasEnded } from './task-state.js';

/** What attempts are counted by. One that a deadline or a cancellation ends is counted with its task. */
const OUTCOMES = ['completed', 'failed', 'released', 'expired', 'timed_out'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** A millisecond to a day: a waiting agent takes a task at once, and a person works on one for hours. */
const SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400];

/** Counts what happens to tasks, from rows that are in hand anyway, after their commit. */
export class TaskMeter {
  private readonly newTasks = this.metrics.counter({ name: 'tasks_created_total', help: 'Tasks that were made.' });
  private readonly claims = this.metrics.counter({
    name: 'tasks_claimed_total',
    help: 'Claims, by kind.',
    labels: ['kind'],
  });
  private readonly ends = this.metrics.counter({
    name: 'tasks_ended_total',
    help: 'Tasks that ended, by what they became; failed and timeout are dead letters.',
    labels: ['status'],
  });
  private readonly attempts = this.metrics.counter({
    name: 'task_attempts_ended_total',
    help: 'Attempts that their holder, or the end of its lease or time, ended.',
    labels: ['outcome'],
  });
  private readonly retries = this.metrics.counter({
    name: 'task_retries_total',
    help: 'Tasks that are pending again: after an attempt with others left, or because somebody asked.',
    labels: ['cause'],
  });
  private readonly wait = this.metrics.histogram({
    name: 'task_wait_seconds',
    help: 'From ready to claimed.',
    buckets: SECONDS,
  });
  private readonly run = this.metrics.histogram({
    name: 'task_run_seconds',
    help: 'From claimed to the end of the attempt.',
    labels: ['outcome'],
    buckets: SECONDS,
  });

  constructor(private readonly metrics: Metrics) {
    // What has not happened yet is 0: a rate over the first time would be missing else.
    for (const kind of CLAIM_KINDS) this.claims.inc({ kind }, 0);
    for (const status of END_STATUSES) this.ends.inc({ status }, 0);
    for (const outcome of OUTCOMES) this.attempts.inc({ outcome }, 0);
    for (const outcome of OUTCOMES) this.run.zero({ outcome });
    for (const cause of ['attempt', 'request']) this.retries.inc({ cause }, 0);
  }

  created(count: number): void {
    this.newTasks.inc(count);
  }

  /** By request. */
  retried(count: number): void {
    this.retries.inc({ cause: 'request' }, count);
  }

  /** Ended by the policy of an edge, a cancellation or a deadline. */
  ended(tasks: readonly Task[]): void {
    for (const { status } of tasks) this.ends.inc({ status });
  }

  /**
   * A database function has changed these tasks; `call` and `values` are as it was called, without the tenant. It may
   * return one twice: as it made it, and as it is after it lost a blocker. Dependants that changed are given without
   * their epoch.
   * @param ended those that the function marked as ended by it
   */
  called(call: string, values: readonly unknown[], tasks: readonly Task[], ended: ReadonlySet<Task>): void {
    const name = call.slice(0, call.indexOf('('));
    this.ended([...ended]);
    const changed = tasks.filter((task) => !ended.has(task));
    if (name === 'task_end_attempt') {
      const [outcome] = values as [Outcome];
      for (const task of changed) if (task.epoch > 0) this.attemptEnded(task, outcome);
    } else if (name === 'task_claim' || name === 'task_complete') {
      for (const task of changed) {
        if (task.epoch === 0) continue;
        if (task.status === 'in_progress') this.claimed(task);
        else if (task.status === 'completed') this.attemptEnded(task, 'completed');
      }
    }
  }

  private claimed({ claimKind, claimedAt, readyAt }: Task): void {
    this.claims.inc({ kind: claimKind ?? 'agent' });
    if (claimedAt) this.wait.observe(Math.max(0, claimedAt.getTime() - readyAt.getTime()) / 1_000);
  }

  private attemptEnded({ status, updatedAt, claimedAt }: Task, outcome: Outcome): void {
    if (hasEnded(status)) this.ends.inc({ status });
    this.attempts.inc({ outcome });
    if (claimedAt) this.run.observe({ outcome }, Math.max(0, updatedAt.getTime() - claimedAt.getTime()) / 1_000);
    if (status === 'pending' && outcome !== 'released') this.retries.inc({ cause: 'attempt' });
  }
}
