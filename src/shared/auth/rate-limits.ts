import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { isIPv6 } from 'node:net';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { CircuitBreaker } from '../resilience/index.js';
import { after, type AtHand } from './at-hand.js';
import type { Principal } from './caller.js';
import { type Allowance, type Limit, LimitCounter } from './limit-counter.js';

/** A rate that is left out, or 0, does not limit. A burst is what may come at once after a rest, by default one second’s. */
export interface RateLimitOptions {
  /** Of one API key, or one actor of the identity provider. */
  keyPerSecond?: number;
  keyBurst?: number;
  /** Of all keys of a tenant together. */
  tenantPerSecond?: number;
  tenantBurst?: number;
  /** Wrong credentials from one address; IPv6 addresses count by /64. Default 60. */
  guessesPerMinute?: number;
}

const DEFAULT_GUESSES_PER_MINUTE = 60;
const PREFIX = 'muster:limit';

type Redis = ReturnType<typeof createClient>;

/** Takes requests from the limits of their key and tenant: checked and taken in one atomic step, so a burst cannot pass. */
export class RateLimits implements OnApplicationShutdown {
  private readonly logger = new Logger('limits');
  private readonly redis: Redis | undefined;
  private readonly perKey: LimitCounter | undefined;
  private readonly perTenant: LimitCounter | undefined;
  private readonly guesses: LimitCounter | undefined;

  constructor(options: RateLimitOptions = {}, redisUrl?: string) {
    this.redis = redisUrl === undefined ? undefined : this.connect(redisUrl);
    const breaker = new CircuitBreaker('redis', { counts: (error) => !(error instanceof RateLimiterRes) });
    const counter = (name: string, limit: Limit): LimitCounter | undefined =>
      limit.requests > 0 ? new LimitCounter(limit, `${PREFIX}:${name}`, breaker, this.redis) : undefined;
    const { guessesPerMinute = DEFAULT_GUESSES_PER_MINUTE } = options;
    this.perKey = counter('key', windowOf(options.keyPerSecond, options.keyBurst));
    this.perTenant = counter('tenant', windowOf(options.tenantPerSecond, options.tenantBurst));
    this.guesses = counter('guess', { requests: guessesPerMinute, seconds: 60 });
  }

  /** @throws RateLimited; the refused request is not taken from the tenant's limit when its key's refused it */
  take(caller: Principal): AtHand<Allowance | undefined> {
    const ofKey = this.perKey?.take('key', `${caller.tenantId}:${caller.keyId ?? caller.actorId}`);
    return after(ofKey, (key) =>
      after(this.perTenant?.take('tenant', caller.tenantId), (tenant) => tighter(key, tenant)),
    );
  }

  /**
   * Asked before credentials are looked up that were not seen good before. Looking and counting are two steps, so an
   * address may overshoot by the lookups it has under way; counting first would refuse a fleet that starts behind one
   * address with a hundred good keys.
   * @throws RateLimited
   */
  async mayGuess(address: string): Promise<void> {
    await this.guesses?.look('address', networkOf(address));
  }

  async guessedWrong(address: string): Promise<void> {
    await this.guesses?.count(networkOf(address));
  }

  onApplicationShutdown(): void {
    this.redis?.destroy();
  }

  private connect(url: string): Redis {
    const client: Redis = createClient({
      url,
      disableOfflineQueue: true,
      socket: { connectTimeout: 2_000, reconnectStrategy: (tries) => Math.min(2_000, 50 * 2 ** tries) },
    });
    let down = false;
    client.on('ready', () => {
      if (down) this.logger.log({ msg: 'rate limits are counted in Redis again' });
      down = false;
    });
    client.on('error', (error: unknown) => {
      if (!down) this.logger.warn({ msg: 'rate limits are counted by this node alone, Redis fails', err: error });
      down = true;
    });
    // It tries until it is destroyed, and tells of failures by the event above.
    client.connect().catch(() => undefined);
    return client;
  }
}

function tighter(one: Allowance | undefined, other: Allowance | undefined): Allowance | undefined {
  if (!one || !other) return one ?? other;
  return one.remaining / one.limit < other.remaining / other.limit ? one : other;
}

/** A window in which the burst fits and whose mean is the rate, in whole seconds as Redis expires keys. */
function windowOf(perSecond = 0, burst = perSecond): Limit {
  if (perSecond <= 0) return { requests: 0, seconds: 1 };
  const seconds = Math.max(1, Math.ceil(burst / perSecond));
  return { requests: Math.max(1, Math.round(perSecond * seconds)), seconds };
}

/** An IPv6 customer has a /64, so single addresses would limit nobody. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0'), ...right];
  return groups.slice(0, 4).join(':');
}
