import { setTimeout as toil } from 'node:timers/promises';
import { type JsonValue, MusterClient, MusterError, type TaskContext, TaskFailure, WorkAborted } from '@muster/client';
import type { Server } from '../client.js';
import type { Range } from '../options.js';
import type { LeaseOf } from '../verify/history-line.js';
import { recording } from '../verify/recording.js';
import type { Recorder } from '../verify/recorder.js';

export interface Behaviour {
  workspaceId: string;
  /** How long the work on a task takes. */
  workMs: Range;
  /** Which part of the attempts fails, and on which the agent dies. */
  failRate: number;
  dieRate: number;
  leaseSeconds: number;
}

/** Short enough that a fleet ends soon after its work; a waiting claim costs the server next to nothing. */
const WAIT_SECONDS = 2;
const PROGRESS_RATE = 0.1;
/** A server may be restarted under the fleet. */
const PATIENCE_MS = 30_000;

/** An agent that claims, works for a while, and completes, fails or walks away. What it asks and is told is recorded. */
export class SimulatedAgent {
  private readonly client: MusterClient;
  /** The first lease that it was given. */
  first?: LeaseOf;
  /** Leases it walked away from, as a process that was killed. */
  readonly abandoned: LeaseOf[] = [];
  working = false;
  completed = 0;

  constructor(
    readonly id: string,
    server: Server,
    private readonly behaviour: Behaviour,
    recorder: Recorder,
  ) {
    const record = recording(id, recorder);
    this.client = new MusterClient({
      ...server,
      patienceMs: PATIENCE_MS,
      observe: (call) => {
        const answered = record(call);
        return (outcome) => {
          if (call.method === 'task.complete' && 'result' in outcome) this.completed += 1;
          answered(outcome);
        };
      },
    });
  }

  /** Works until it is told to stop, and finishes what it holds then. */
  async run(stop: AbortSignal): Promise<void> {
    const { workspaceId, leaseSeconds } = this.behaviour;
    // What goes wrong is in the history, and its verdict and figures are what the command is for.
    const agent = this.client.agent({ id: this.id, onAbandoned: () => undefined, onTrouble: () => undefined });
    await agent.run((_, context) => this.work(context), {
      workspaceIds: [workspaceId],
      leaseSeconds,
      waitSeconds: WAIT_SECONDS,
      // Without it nothing carries a key, and the fast path of the server stays open.
      claimNext: false,
      graceMs: Infinity,
      signal: stop,
    });
  }

  /** Comes back to life and asks to complete what it walked away from. Answers how many of these were refused, as all must be. */
  async completeLate(): Promise<number> {
    let refused = 0;
    for (const held of this.abandoned) if (!(await this.complete(held))) refused += 1;
    return refused;
  }

  private async work(context: TaskContext): Promise<JsonValue> {
    this.first ??= context.lease;
    this.working = true;
    try {
      await this.labour(context);
      return this.result;
    } finally {
      this.working = false;
    }
  }

  private async labour(context: TaskContext): Promise<void> {
    const { lease, signal } = context;
    const { failRate, dieRate, workMs } = this.behaviour;
    const ms = workMs.least + Math.random() * (workMs.most - workMs.least);
    const fate = Math.random();
    await toil(ms / 2, undefined, { signal });
    // Death comes in the middle of the work.
    if (fate < dieRate) {
      this.abandoned.push(lease);
      throw new WorkAborted(lease.taskId, 'lease_lost');
    }
    if (Math.random() < PROGRESS_RATE) await context.progress(50);
    await toil(ms / 2, undefined, { signal });
    if (fate < dieRate + failRate) throw new TaskFailure('simulated', 'The simulated work failed.');
  }

  /** False when the server says that the task is no longer ours. */
  private async complete({ taskId: id, epoch }: LeaseOf): Promise<boolean> {
    try {
      await this.client.call('task.complete', { id, epoch, result: this.result });
      return true;
    } catch (error) {
      if (error instanceof MusterError && error.status === 409) return false;
      throw error;
    }
  }

  private get result(): { by: string } {
    return { by: this.id };
  }
}
