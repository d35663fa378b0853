import { CircuitOpen } from '../shared/errors/index.js';
import { CircuitBreaker } from '../shared/resilience/index.js';
import type { WebhookSettings } from './webhook.settings.js';
import { SendingFailed } from './webhooks.errors.js';

const OPEN_MS = 30_000;
/** What is known of hosts that have rested longest is forgotten beyond this many: each look goes through all. */
const KNOWN_HOSTS = 2_000;

interface Host {
  running: number;
  breaker: CircuitBreaker;
}

/** How many more requests may go to a host. */
export interface Room {
  host: string;
  free: number;
}

/** The hosts of endpoints, as this node knows them: how many requests are under way to each, and whether it answers. */
export class Hosts {
  /** Those that were used last stand last. */
  private readonly hosts = new Map<string, Host>();

  constructor(private readonly settings: WebhookSettings) {}

  /** What of the usual room is taken: hosts to which requests are under way, or which do not answer. */
  taken(): Room[] {
    return [...this.hosts].flatMap(([host, known]) => {
      const free = this.freeOf(known);
      return free < this.settings.perHost ? [{ host, free }] : [];
    });
  }

  /** @throws CircuitOpen at once, without a request, when the host does not answer; and what `request` throws */
  async run<T>(name: string, request: () => Promise<T>): Promise<T> {
    const host = this.hosts.get(name) ?? { running: 0, breaker: this.newBreaker(name) };
    this.hosts.delete(name);
    this.hosts.set(name, host);
    host.running++;
    try {
      return await host.breaker.execute(request);
    } finally {
      host.running--;
      this.forget();
    }
  }

  private freeOf({ running, breaker }: Host): number {
    try {
      breaker.check();
    } catch (error) {
      if (error instanceof CircuitOpen) return 0;
      throw error;
    }
    // One request finds out whether the host is back.
    const most = breaker.getState() === 'closed' ? this.settings.perHost : 1;
    return Math.max(0, most - running);
  }

  private newBreaker(host: string): CircuitBreaker {
    return new CircuitBreaker(host, {
      counts: (error) => error instanceof SendingFailed && error.hostFailed,
      openMs: OPEN_MS,
      probeLimitMs: this.settings.leaseMs,
    });
  }

  private forget(): void {
    for (const [name, { running }] of this.hosts) {
      if (this.hosts.size <= KNOWN_HOSTS) return;
      if (running === 0) this.hosts.delete(name);
    }
  }
}
