import { setTimeout as toil } from 'node:timers/promises';
import type { Call, Client } from '../client.js';
import { ApiError } from '../failures.js';
import type { Range } from '../options.js';
import type { LeaseOf } from '../verify/history-line.js';
import { RecordedClient } from '../verify/recorded-client.js';
import type { Recorder } from '../verify/recorder.js';
import type { WireHeartbeat, WireLease } from '../wire.js';

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
/** Claims without a key and everything fenced by an epoch: a repeat does no harm, and the fast path of the server stays open. */
const FENCED: Call = { repeatable: true };

/** An agent that claims, works for a while, and completes, fails or walks away. What it asks and is told is recorded. */
export class SimulatedAgent {
  private readonly client: RecordedClient;
  /** The first lease that it was given. */
  first?: LeaseOf;
  /** Leases it walked away from, as a process that was killed. */
  readonly abandoned: LeaseOf[] = [];
  working = false;
  completed = 0;

  constructor(
    readonly id: string,
    client: Client,
    private readonly behaviour: Behaviour,
    recorder: Recorder,
  ) {
    this.client = new RecordedClient(client, recorder);
  }

  /** Works until it is told to stop, and finishes what it holds then. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      for (const lease of await this.claim()) {
        this.working = true;
        await this.work(leaseOf(lease));
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
    const { leases } = await this.client.post<{ leases: WireLease[] }>({
      asking: { agent: this.id, operation: 'claim' },
      path: '/v1/tasks/claim',
      body: request,
      call: FENCED,
      told: (answer) => ({ leases: answer.leases.map(leaseOf) }),
    });
    const [given] = leases;
    if (given) this.first ??= leaseOf(given);
    return leases;
  }

  private async work(held: LeaseOf): Promise<void> {
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
  private async labour(held: LeaseOf, ms: number): Promise<boolean> {
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

  private async heartbeat(held: LeaseOf): Promise<boolean> {
    const leases = [held];
    const { results } = await this.client.post<{ results: WireHeartbeat[] }>({
      asking: { agent: this.id, operation: 'heartbeat', leases },
      path: '/v1/tasks/heartbeat',
      body: { leases },
      call: FENCED,
      told: (answer) => ({ results: answer.results.map(({ code }) => ({ ...held, ...(code && { code }) })) }),
    });
    return results[0]?.code === undefined;
  }

  private async complete(held: LeaseOf): Promise<boolean> {
    const done = await this.ask(held, 'complete', { result: { by: this.id } });
    if (done) this.completed += 1;
    return done;
  }

  private async fail(held: LeaseOf): Promise<void> {
    await this.ask(held, 'fail', { error: { code: 'simulated', message: 'The simulated work failed.' } });
  }

  /** False when the server says that the task is no longer ours. */
  private async ask({ taskId, epoch }: LeaseOf, verb: string, body: object): Promise<boolean> {
    try {
      const asking = { agent: this.id, operation: verb, taskId, epoch };
      await this.client.post({ asking, path: `/v1/tasks/${taskId}/${verb}`, body: { epoch, ...body }, call: FENCED });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return false;
      throw error;
    }
  }
}

const leaseOf = ({ task, epoch }: WireLease): LeaseOf => ({ taskId: task.id, epoch });
