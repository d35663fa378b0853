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

  /** A database function has changed these tasks; `call` and `values` are as it was called, without the tenant. */
  called(call: string, values: readonly unknown[], tasks: readonly Task[]): void {
    const name = call.slice(0, call.indexOf('('));
    // A dependant may be returned twice; what it is last counts.
    const changed = [...new Map(tasks.map((task) => [task.id, task])).values()];
    if (name === 'task_progress' || name === 'task_flag') return;
    if (name === 'task_end_attempt') {
      const [outcome, ids] = values as [Outcome, readonly string[]];
      for (const task of changed) this.attemptEnded(task, ids.includes(task.id) ? outcome : undefined);
      return;
    }
    const claims = name === 'task_claim' || name === 'task_complete';
    for (const task of changed) {
      // Dependants are given without their epoch.
      if (claims && task.status === 'in_progress' && task.epoch > 0) this.claimed(task);
      else this.attemptEnded(task, name === 'task_complete' && task.status === 'completed' ? 'completed' : undefined);
    }
  }

  private claimed({ claimKind, claimedAt, readyAt }: Task): void {
    this.claims.inc({ kind: claimKind ?? 'agent' });
    if (claimedAt) this.wait.observe(Math.max(0, claimedAt.getTime() - readyAt.getTime()) / 1_000);
  }

  /** Without an outcome the task changed for another reason than the end of its attempt. */
  private attemptEnded(task: Task, outcome: Outcome | undefined): void {
    const { status, completedAt, updatedAt, claimedAt } = task;
    // One that had ended before and only lost a blocker was counted then.
    if (hasEnded(status) && completedAt?.getTime() === updatedAt.getTime()) this.ends.inc({ status });
    if (outcome === undefined) return;
    this.attempts.inc({ outcome });
    if (claimedAt) this.run.observe({ outcome }, Math.max(0, updatedAt.getTime() - claimedAt.getTime()) / 1_000);
    if (status === 'pending' && outcome !== 'released') this.retries.inc({ cause: 'attempt' });
  }
}
