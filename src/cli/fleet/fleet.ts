import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../client.js';
import type { Output } from '../output.js';
import type { LeaseOf } from '../verify/history-line.js';
import type { Recorder } from '../verify/recorder.js';
import type { WireAgent } from '../wire.js';
import { type Left, outlook, type Workforce } from './outlook.js';
import { type Behaviour, SimulatedAgent } from './simulated-agent.js';

export interface FleetOptions extends Behaviour {
  agents: number;
  capabilities: string[];
}

export interface Drained {
  agentIds: string[];
  /** The first lease that each agent was given. */
  firstLeases: LeaseOf[];
  /** What is open and cannot be done; absent when everything was. */
  left?: Left;
  /** Completions that agents asked for at the very end, under leases they had walked away from. */
  late: { asked: number; refused: number };
}

/** How often it is looked whether work is left. */
const LOOK_EVERY_MS = 1_000;

/** Agents that drain a workspace together, spread over the servers. */
export class Fleet {
  private readonly stop = new AbortController();
  private readonly startedAt = performance.now();
  private interrupted = false;
  private open?: number;

  private constructor(
    private readonly clients: readonly [Client, ...Client[]],
    private readonly agents: readonly SimulatedAgent[],
    private readonly workspaceId: string,
    private readonly force: Workforce,
  ) {
    // Every agent listens, and Node takes more than ten for a leak.
    setMaxListeners(0, this.stop.signal);
  }

  /** Registers the agents; a name that an earlier fleet had is the same agent again. */
  static async register(
    clients: readonly [Client, ...Client[]],
    options: FleetOptions,
    recorder: Recorder,
  ): Promise<Fleet> {
    const { agents: size, capabilities, ...behaviour } = options;
    const width = String(size).length;
    const agents = await Promise.all(
      Array.from({ length: size }, async (_, index) => {
        const client = clients[index % clients.length] ?? clients[0];
        const name = `fleet-${String(index + 1).padStart(width, '0')}`;
        const body = { name, kind: 'agent', capabilities };
        const { id } = await client.post<WireAgent>('/v1/agents', body, { repeatable: true });
        return new SimulatedAgent(id, client.server, behaviour, recorder);
      }),
    );
    const force = { ids: new Set(agents.map(({ id }) => id)), capabilities: new Set(capabilities) };
    return new Fleet(clients, agents, behaviour.workspaceId, force);
  }

  /** Ends the work: agents finish what they hold. */
  interrupt(): void {
    this.interrupted = true;
    this.stop.abort();
  }

  /** Works until nothing that the fleet can do is left, or until it is interrupted. */
  async drain(output: Output): Promise<Drained> {
    const progress = setInterval(() => output.progress(this.status()), output.progressEveryMs);
    try {
      const left = await this.work();
      return {
        agentIds: [...this.force.ids],
        ...(left && { left }),
        late: await this.completeLate(),
        firstLeases: this.agents.flatMap(({ first }) => first ?? []),
      };
    } finally {
      clearInterval(progress);
      output.endProgress();
    }
  }

  /** An agent that fails ends the whole run, and is waited for like the others. */
  private async work(): Promise<Left | undefined> {
    const orStop = <T>(work: Promise<T>): Promise<T> =>
      work.catch((error: unknown) => {
        this.stop.abort();
        throw error;
      });
    const watching = orStop(this.watch());
    const running = this.agents.map((agent) => orStop(agent.run(this.stop.signal)));
    const ends = await Promise.allSettled([watching, ...running]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    return watching;
  }

  /** Believes what it sees when it has seen it twice: a list may come from a replica that lags behind. */
  private async watch(): Promise<Left | undefined> {
    for (let calm = 0; !this.stop.signal.aborted;) {
      const idle = !this.agents.some(({ working }) => working);
      const { open, left } = await outlook(this.clients[0], this.workspaceId, this.force, idle);
      this.open = open;
      calm = open === 0 || left ? calm + 1 : 0;
      if (calm >= 2) {
        this.stop.abort();
        return left;
      }
      await pause(LOOK_EVERY_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
    }
    return undefined;
  }

  /** Nothing is held any more, so every one must be refused. */
  private async completeLate(): Promise<Drained['late']> {
    if (this.interrupted) return { asked: 0, refused: 0 };
    const asked = this.agents.reduce((sum, { abandoned }) => sum + abandoned.length, 0);
    const refused = await Promise.all(this.agents.map((agent) => agent.completeLate()));
    return { asked, refused: refused.reduce((sum, n) => sum + n, 0) };
  }

  private status(): string {
    const seconds = (performance.now() - this.startedAt) / 1_000;
    const completed = this.agents.reduce((sum, agent) => sum + agent.completed, 0);
    const working = this.agents.filter((agent) => agent.working).length;
    const rate = (completed / seconds).toFixed(0);
    return `${completed} completed, ${this.open ?? '?'} open, ${working} of ${this.agents.length} agents at work, ${rate}/s, ${seconds.toFixed(0)} s`;
  }
}
