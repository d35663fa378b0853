import { CircuitOpen } from '../shared/errors/index.js';
import { CircuitBreaker } from '../shared/resilience/index.js';
import type { WebhookSettings } from './webhook.settings.js';
import { SendingFailed } from './webhooks.errors.js';

const OPEN_MS = 30_000;
/** What is known of hosts that have rested longest is forgotten beyond this many: each look goes through all. */
const KNOWN_HOSTS = 2_000;

/** A host as the endpoints of one tenant use it. */
export interface HostOfTenant {
  tenantId: string;
  /** Name and port. */
  host: string;
}

interface Known extends HostOfTenant {
  running: number;
  breaker: CircuitBreaker;
}

/** How many more requests may be made. */
export interface Room {
  perHost: number;
  perTenant: number;
  /** Hosts for which there is less than that. */
  hosts: readonly (HostOfTenant & { free: number })[];
  /** Tenants for whom there is less than that. */
  tenants: readonly { tenantId: string; free: number }[];
}

/**
 * The hosts of endpoints, as this node knows them: how many requests are under way to each, and whether it answers. Each
 * tenant has its own view of a host: what one of them does to a host that many use must not hold up the others.
 */
export class Hosts {
  /** Those that were used last stand last. */
  private readonly hosts = new Map<string, Known>();

  constructor(private readonly settings: WebhookSettings) {}

  /** What there is room for, now that requests are under way and some hosts do not answer. */
  room(): Room {
    const { perHost, perTenant } = this.settings;
    const running = new Map<string, number>();
    const hosts: (HostOfTenant & { free: number })[] = [];
    for (const known of this.hosts.values()) {
      const { tenantId, host } = known;
      if (known.running > 0) running.set(tenantId, (running.get(tenantId) ?? 0) + known.running);
      const free = this.freeOf(known);
      if (free < perHost) hosts.push({ tenantId, host, free });
    }
    const tenants = [...running].map(([tenantId, count]) => ({ tenantId, free: Math.max(0, perTenant - count) }));
    return { perHost, perTenant, hosts, tenants };
  }

  /** @throws CircuitOpen at once, without a request, when the host does not answer; and what `request` throws */
  async run<T>({ tenantId, host }: HostOfTenant, request: () => Promise<T>): Promise<T> {
    const key = `${tenantId} ${host}`;
    const known = this.hosts.get(key) ?? { tenantId, host, running: 0, breaker: this.newBreaker(host) };
    this.hosts.delete(key);
    this.hosts.set(key, known);
    known.running++;
    try {
      return await known.breaker.execute(request);
    } finally {
      known.running--;
      this.forget();
    }
  }

  private freeOf({ running, breaker }: Known): number {
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
    for (const [key, { running }] of this.hosts) {
      if (this.hosts.size <= KNOWN_HOSTS) return;
      if (running === 0) this.hosts.delete(key);
    }
  }
}
