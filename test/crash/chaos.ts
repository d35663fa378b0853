import { setTimeout as pause } from 'node:timers/promises';
import type { EmbeddedPostgres } from '../../src/shared/database/embedded/index.js';
import type { RedisServer } from '../support/redis-server.js';
import type { Fate, TcpProxy } from '../support/tcp-proxy.js';
import type { Random } from './random.js';
import type { SupervisedNode } from './supervised-node.js';

export interface Targets {
  nodes: readonly SupervisedNode[];
  proxies: readonly TcpProxy[];
  postgres: EmbeddedPostgres;
  redis?: RedisServer | undefined;
}

const FROZEN_MS = 1_200;
const REDIS_DOWN_MS = 1_500;
/** Longer than an agent waits: by then it has asked again, and the first request comes after its repeat. */
const LATE_MS = [200, 4_000] as const;
/** How often a blow falls, in milliseconds. */
const BLOWS_MS = [500, 1_500] as const;

/** Breaks what can break, in an order that the seed decides, each kind before any comes again. */
export class Chaos {
  readonly blows: Record<string, number> = {};
  private readonly stopping = new AbortController();
  private running?: Promise<void>;

  constructor(
    private readonly targets: Targets,
    private readonly random: Random,
  ) {}

  /** Answers when each kind of blow has fallen once; they go on. */
  start(): Promise<void> {
    for (const proxy of this.targets.proxies) proxy.fate = (direction) => this.fate(direction);
    return new Promise((struckEvery, failed) => {
      this.running = this.run(struckEvery);
      this.running.catch(failed);
    });
  }

  /** Ends it, and leaves the network well. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const proxy of this.targets.proxies) proxy.fate = () => 'pass';
    await this.running;
  }

  private async run(struckEvery: () => void): Promise<void> {
    while (!this.stopping.signal.aborted) {
      for (const [name, strike] of this.random.shuffled(Object.entries(this.kinds()))) {
        await pause(this.random.between(...BLOWS_MS), undefined, { signal: this.stopping.signal }).catch(
          () => undefined,
        );
        if (this.stopping.signal.aborted) return;
        this.blows[name] = (this.blows[name] ?? 0) + 1;
        await strike();
      }
      struckEvery();
    }
  }

  private kinds(): Record<string, () => unknown> {
    const { nodes, proxies, postgres, redis } = this.targets;
    const killed = nodes.map((node, index): [string, () => void] => [
      `kill -9 of node ${index + 1}`,
      () => node.kill(),
    ]);
    return {
      ...Object.fromEntries(killed),
      'kill -9 of all nodes': () => nodes.forEach((node) => node.kill()),
      'kill -9 of PostgreSQL': () => signal(postgres.pid, 'SIGKILL'),
      'restart of PostgreSQL': () => signal(postgres.pid, 'SIGINT'),
      'connections cut': () => proxies.forEach((proxy) => proxy.cut()),
      'network frozen': () => this.freeze(),
      ...(redis && { 'Redis stopped and started': () => restart(redis) }),
    };
  }

  private async freeze(): Promise<void> {
    const { proxies } = this.targets;
    for (const proxy of proxies) proxy.freeze();
    await pause(FROZEN_MS);
    for (const proxy of proxies) proxy.thaw();
  }

  private fate(direction: 'request' | 'reply'): Fate {
    const luck = this.random.next();
    if (direction === 'request') return luck < 0.02 ? { delayMs: this.random.between(...LATE_MS) } : luck < 0.025 ? 'break' : 'pass'; // prettier-ignore
    if (luck < 0.03) return 'break';
    if (luck < 0.04) return 'mute';
    return luck < 0.06 ? { delayMs: this.random.between(...LATE_MS) } : 'pass';
  }
}

async function restart(redis: RedisServer): Promise<void> {
  await redis.kill();
  await pause(REDIS_DOWN_MS);
  await redis.start();
}

/** The server is just being started again when it has no process: then the blow misses. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
