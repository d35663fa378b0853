import { setTimeout as toil } from 'node:timers/promises';
import type { Call, Client } from '../client.js';
import { ApiError } from '../failures.js';
import type { Range } from '../options.js';
import type { WireHeartbeat, WireLease } from '../wire.js';
import type { Told } from './history.js';

export interface Behaviour {
  workspaceId: string;
  /** How long the work on a task takes. */
  workMs: Range;
  /** Which part of the attempts fails, and on which the agent dies. */
  failRate: number;
  dieRate: number;
  leaseSeconds: number;
}

export interface Held {
  taskId: string;
  epoch: number;
}

/** Short enough that a fleet ends soon after its work; a waiting claim costs the server next to nothing. */
const WAIT_SECONDS = 2;
const PROGRESS_RATE = 0.1;
/** Claims without a key and everything fenced by an epoch: a repeat does no harm, and the fast path of the server stays open. */
const FENCED: Call = { repeatable: true };

/** An agent that claims, works for a while, and completes, fails or walks away. It writes down what it was told. */
export class SimulatedAgent {
  readonly told: Told[] = [];
  /** Leases it walked away from, as a process that was killed. */
  readonly abandoned: Held[] = [];
  working = false;
  completed = 0;

  constructor(
    readonly id: string,
    private readonly client: Client,
    private readonly behaviour: Behaviour,
  ) {}

  /** Works until it is told to stop, and finishes what it holds then. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      for (const lease of await this.claim()) {
        this.working = true;
        await this.work({ taskId: lease.task.id, epoch: lease.epoch });
        this.working = false;
      }
    }
  }

  /** Comes back to life and asks to complete what it walked away from. Answers how many of these were refused, as all must be. */
  async completeLate(): Promise<number> {
    let refused = 0;
    for (const held of this.abandoned) if (!(await this.complete(held))) refused += 1;
    return refused;
  }

  private async claim(): Promise<WireLease[]> {
    const { workspaceId, leaseSeconds } = this.behaviour;
    const request = { agentId: this.id, workspaceIds: [workspaceId], leaseSeconds, waitSeconds: WAIT_SECONDS };
    const { leases } = await this.client.post<{ leases: WireLease[] }>('/v1/tasks/claim', request, FENCED);
    for (const { task, epoch } of leases) this.note({ taskId: task.id, epoch }, 'claimed');
    return leases;
  }

  private async work(held: Held): Promise<void> {
    const { failRate, dieRate, workMs } = this.behaviour;
    const ms = workMs.least + Math.random() * (workMs.most - workMs.least);
    const fate = Math.random();
    // Death comes in the middle of the work.
    if (fate < dieRate) {
      await toil(ms / 2);
      this.abandoned.push(held);
      return;
    }
    if (!(await this.labour(held, ms))) return;
    if (fate < dieRate + failRate) await this.fail(held);
    else await this.complete(held);
  }

  /** Spends the time of the work, with heartbeats where it is long against the lease. False when the lease was lost. */
  private async labour(held: Held, ms: number): Promise<boolean> {
    const beatEvery = (this.behaviour.leaseSeconds * 1_000) / 3;
    let left = ms;
    for (; left > beatEvery; left -= beatEvery) {
      await toil(beatEvery);
      if (!(await this.heartbeat(held))) return false;
    }
    if (Math.random() >= PROGRESS_RATE) {
      await toil(left);
      return true;
    }
    await toil(left / 2);
    const kept = await this.ask(held, 'progress', { percent: 50 });
    await toil(left / 2);
    return kept;
  }

  private async heartbeat(held: Held): Promise<boolean> {
    const request = { leases: [held] };
    const { results } = await this.client.post<{ results: WireHeartbeat[] }>('/v1/tasks/heartbeat', request, FENCED);
    return results[0]?.code === undefined;
  }

  private async complete(held: Held): Promise<boolean> {
    const done = await this.ask(held, 'complete', { result: { by: this.id } });
    this.note(held, done ? 'completed' : 'refused');
    if (done) this.completed += 1;
    return done;
  }

  private async fail(held: Held): Promise<void> {
    await this.ask(held, 'fail', { error: { code: 'simulated', message: 'The simulated work failed.' } });
  }

  /** False when the server says that the task is no longer ours. */
  private async ask({ taskId, epoch }: Held, verb: string, body: object): Promise<boolean> {
    try {
      await this.client.post(`/v1/tasks/${taskId}/${verb}`, { epoch, ...body }, FENCED);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return false;
      throw error;
    }
  }

  private note({ taskId, epoch }: Held, answer: Told['answer']): void {
    this.told.push({ agentId: this.id, taskId, epoch, answer });
  }
}
