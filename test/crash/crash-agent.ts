import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { JsonObject, JsonValue } from '../../src/shared/errors/index.js';
import type { LeaseOf } from '../../src/cli/verify/history-line.js';
import type { LossyClient } from './lossy-client.js';
import type { Random } from './random.js';

/** What all agents of a run share. */
export interface Mission {
  workspaceId: string;
  leaseSeconds: number;
  /** How long a claim waits for work. */
  waitSeconds: number;
  /** How long the work on a task takes, in milliseconds at most. */
  workMs: number;
  /** The server can give the next task with a completion. */
  claimNext: boolean;
  /** Part of the claims that are interactive. */
  interactive: number;
  /** Part of the attempts at which the agent walks away. */
  deaths: number;
  /** Part of the attempts that are given back. */
  releases: number;
  /** Part of the requests that are sent again although they were answered. */
  repeats: number;
  /** Agents make new tasks while this is true. */
  creating: boolean;
  /** Agents end what they hold, and stop. */
  over: boolean;
}

interface Held extends LeaseOf {
  kind: 'agent' | 'interactive';
}

/** The run must end: attempts are many, and waits between them short. */
export const SOON = { backoff: 'linear', initialSeconds: 0, maxSeconds: 1 };

/** Between a claim that got nothing and the next. */
const IDLE_MS = 20;
const KEYED = 0.6;
const FAILURES = 0.06;
const BEATS = 0.25;
const PROGRESS = 0.2;
const CREATES = 0.35;
/** Part of what was failed or given back that its agent forgets to have ended. */
const FORGOTTEN = 0.5;

/**
 * An agent as badly behaved as real ones: it walks away from leases and comes back later, asks twice, and gives up.
 * Whatever it does is recorded, and none of it may break a rule.
 */
export class CrashAgent {
  /** Leases it walked away from, and when it will be back. */
  private readonly abandoned: { held: Held; back: number }[] = [];
  completed = 0;
  deaths = 0;

  constructor(
    readonly id: string,
    private readonly client: LossyClient,
    private readonly mission: Mission,
    private readonly random: Random,
  ) {}

  async run(): Promise<void> {
    while (!this.mission.over) {
      await this.comeBack();
      const leases = await this.claim();
      for (const held of leases) await this.work(held);
      if (leases.length === 0) await pause(IDLE_MS);
    }
    await this.comeBack(true);
  }

  /** Believes that it still holds what it left, and asks to complete it: refused when the lease is over, done when it was not to be taken away. */
  private async comeBack(all = false): Promise<void> {
    const now = performance.now();
    const due = this.abandoned.filter(({ back }) => all || back <= now);
    for (const { held } of due) {
      this.abandoned.splice(this.abandoned.findIndex((one) => one.held === held), 1); // prettier-ignore
      await this.heartbeat(held);
      await this.complete(held, false);
    }
  }

  private claimRequest(kind: Held['kind']): JsonObject {
    const { workspaceId, leaseSeconds } = this.mission;
    return { agentId: this.id, workspaceIds: [workspaceId], leaseSeconds, claimKind: kind };
  }

  private async claim(): Promise<Held[]> {
    const kind = this.random.chance(this.mission.interactive) ? 'interactive' : 'agent';
    // An interactive lease is never taken away: were its answer lost for good, the task would be held for ever.
    const key = kind === 'interactive' ? randomUUID() : this.maybeKey();
    const reply = await this.client.post({
      asking: { agent: this.id, operation: 'claim', claimKind: kind, ...(key && { key }) },
      path: '/v1/tasks/claim',
      body: { ...this.claimRequest(kind), waitSeconds: this.mission.waitSeconds },
      repeat: key !== undefined,
      told: (body) => ({ leases: leasesOf(body.leases) }),
    });
    return leasesOf(reply?.body.leases).map((lease) => ({ ...lease, kind }));
  }

  private async work(first: Held): Promise<void> {
    const { deaths, releases, workMs, claimNext } = this.mission;
    for (let held: Held | undefined = first; held;) {
      const fate = this.random.next();
      await pause(this.random.between(2, workMs));
      if (fate < deaths) return this.die(held);
      if (this.random.chance(BEATS)) await this.heartbeat(held);
      if (this.random.chance(PROGRESS)) await this.write(held, 'progress', { percent: 50 });
      if (this.mission.creating && this.random.chance(CREATES)) await this.create(held);
      if (fate < deaths + FAILURES + releases) return this.giveBack(held, fate < deaths + FAILURES);
      held = await this.complete(held, claimNext && !this.mission.over && this.random.chance(0.5));
    }
  }

  private die(held: Held): void {
    this.deaths += 1;
    this.leave(held, this.random.between(0.5, 3));
  }

  private async giveBack(held: Held, failed: boolean): Promise<void> {
    const error = { code: 'simulated', message: 'It failed.' };
    await this.write(held, failed ? 'fail' : 'release', failed ? { error } : {});
    if (this.random.chance(FORGOTTEN)) this.leave(held, this.random.between(0, 0.5));
  }

  /** Comes back to it after so many times of its lease. */
  private leave(held: Held, leases: number): void {
    this.abandoned.push({ held, back: performance.now() + leases * this.mission.leaseSeconds * 1_000 });
  }

  /** The next lease, when the completion claimed one. */
  private async complete(held: Held, claimNext: boolean): Promise<Held | undefined> {
    const { taskId, epoch } = held;
    const key = claimNext ? randomUUID() : this.maybeKey();
    const request = {
      asking: { agent: this.id, operation: 'complete', taskId, epoch, claimKind: 'agent', ...(key && { key }) },
      path: `/v1/tasks/${taskId}/complete`,
      body: { epoch, result: { by: this.id, at: Date.now() }, ...(claimNext && { claimNext: this.claimRequest('agent') }) }, // prettier-ignore
      repeat: true,
      told: ({ next }: JsonObject) => (next ? { leases: leasesOf([next]) } : {}),
    };
    const reply = await this.client.post(request);
    if (reply?.status === 200) this.completed += 1;
    if (this.random.chance(this.mission.repeats)) await this.client.post(request);
    const [next] = leasesOf(reply?.body.next ? [reply.body.next] : []);
    return next && { ...next, kind: 'agent' };
  }

  private async write({ taskId, epoch }: Held, operation: string, body: JsonObject): Promise<void> {
    const key = this.maybeKey();
    await this.client.post({
      asking: { agent: this.id, operation, taskId, epoch, ...(key && { key }) },
      path: `/v1/tasks/${taskId}/${operation}`,
      body: { epoch, ...body },
      repeat: true,
    });
  }

  private async heartbeat({ taskId, epoch }: Held): Promise<void> {
    const leases = [{ taskId, epoch }];
    await this.client.post({
      asking: { agent: this.id, operation: 'heartbeat', leases },
      path: '/v1/tasks/heartbeat',
      body: { leases },
      repeat: false,
      told: ({ results }) => ({ results: listOf(results).map((one) => ({ taskId, epoch, ...codeOf(one) })) }),
    });
  }

  /** A task that waits for the one in hand, whose end races with the new edge; or one that waits for nothing. */
  private async create({ taskId }: Held): Promise<void> {
    const waits = this.random.chance(0.6);
    const request = {
      asking: { agent: this.id, operation: 'create', key: randomUUID() },
      path: '/v1/tasks',
      body: {
        type: 'follow-up',
        title: `Follow up on ${taskId}`,
        workspaceId: this.mission.workspaceId,
        maxAttempts: 100,
        retry: SOON,
        ...(waits && { dependsOn: [{ taskId }] }),
      },
      repeat: true,
      told: ({ id }: JsonObject) => ({ tasks: [String(id)] }),
    };
    await this.client.post(request);
    if (this.random.chance(this.mission.repeats)) await this.client.post(request);
  }

  private maybeKey(): string | undefined {
    return this.random.chance(KEYED) ? randomUUID() : undefined;
  }
}

const listOf = (value: JsonValue | undefined): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
const codeOf = ({ code }: JsonObject): { code?: string } => (typeof code === 'string' ? { code } : {});
const leasesOf = (value: JsonValue | undefined): LeaseOf[] =>
  listOf(value).map(({ task, epoch }) => ({ taskId: String((task as JsonObject).id), epoch: Number(epoch) }));
