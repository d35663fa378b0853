import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { type CircuitBreaker, within } from '../resilience/index.js';
import { after, type AtHand, rescued } from './at-hand.js';
import { RateLimited } from './auth.errors.js';

/** At most `requests` in a window of `seconds`, which begins with its first request. */
export interface Limit {
  requests: number;
  seconds: number;
}

/** What is left of a limit. */
export interface Allowance {
  limit: number;
  remaining: number;
  resetSeconds: number;
}

/** Requests that this node took from the limit together and lets through one by one. */
interface Lot {
  left: number;
  /** Left of the limit when the lot was taken. */
  remaining: number;
  /** End of its window, by the monotonic clock. */
  until: number;
}

/** A slower answer of Redis is not waited for. */
const REDIS_DEADLINE_MS = 50;
/** Subjects whose lots are remembered; beyond it all are forgotten, and what they held stays unused. */
const MAX_LOTS = 10_000;

/**
 * One limit for many subjects: counted in Redis where that answers in time, else in memory. Checking and taking are one
 * atomic step there. Limits of 200 requests and more are taken in lots of a hundredth: asking Redis for each request
 * cost 50 µs of CPU and halved what a node answers, and asking memory takes promises. So a subject may be refused
 * up to a hundredth early for each node it uses, and is never let through beyond the limit.
 */
export class LimitCounter {
  private readonly memory: RateLimiterMemory;
  private readonly shared: RateLimiterRedis | undefined;
  private readonly lotSize: number;
  private readonly lots = new Map<string, Lot>();
  private readonly asking = new Map<string, Promise<void>>();

  constructor(
    private readonly limit: Limit,
    keyPrefix: string,
    private readonly breaker: CircuitBreaker,
    redis: object | undefined,
  ) {
    const options = { points: limit.requests, duration: limit.seconds, keyPrefix };
    this.memory = new RateLimiterMemory(options);
    this.lotSize = Math.max(1, Math.floor(limit.requests / 100));
    if (!redis) return;
    this.shared = new RateLimiterRedis({
      ...options,
      storeClient: redis,
      useRedisPackage: true,
      rejectIfRedisNotReady: true,
      // A caller that goes on after its refusal is refused from memory until the window ends.
      inMemoryBlockOnConsumed: limit.requests + 1,
    });
  }

  /** @throws RateLimited */
  take(what: 'key' | 'tenant', subject: string): AtHand<Allowance> {
    const lot = this.lotOf(subject) ?? (this.lotSize === 1 ? this.buy(subject) : this.nextLot(subject));
    return after(
      rescued(lot, (error) => this.refuse(what, error)),
      (taken) => {
        const { left, remaining, until } = taken;
        return {
          limit: this.limit.requests,
          remaining: remaining + left,
          resetSeconds: seconds(until - performance.now()),
        };
      },
    );
  }

  /** @throws RateLimited when the limit is used up; takes nothing */
  async look(what: 'address', subject: string): Promise<void> {
    const state = await this.ask((limiter) => limiter.get(subject));
    if (state && state.consumedPoints >= this.limit.requests) this.refuse(what, state);
  }

  /** Counts one, whether the limit allows it or not. */
  async count(subject: string): Promise<void> {
    await this.ask((limiter) => limiter.penalty(subject));
  }

  /** The subject's lot with one less in it, if there was one. */
  private lotOf(subject: string): Lot | undefined {
    const lot = this.lots.get(subject);
    if (!lot || lot.left === 0 || performance.now() >= lot.until) return undefined;
    lot.left--;
    return lot;
  }

  private async nextLot(subject: string): Promise<Lot> {
    for (;;) {
      const lot = this.lotOf(subject);
      if (lot) return lot;
      let asking = this.asking.get(subject);
      if (!asking) {
        asking = this.buyLot(subject).finally(() => this.asking.delete(subject));
        this.asking.set(subject, asking);
      }
      await asking;
    }
  }

  private async buyLot(subject: string): Promise<void> {
    const lot = await this.buy(subject);
    if (this.lots.size >= MAX_LOTS) this.lots.clear();
    this.lots.set(subject, { ...lot, left: this.lotSize });
  }

  private async buy(subject: string): Promise<Lot> {
    const { remainingPoints, msBeforeNext } = await this.ask((limiter) => limiter.consume(subject, this.lotSize));
    return { left: 0, remaining: remainingPoints, until: performance.now() + msBeforeNext };
  }

  private ask<T>(question: (limiter: RateLimiterMemory | RateLimiterRedis) => Promise<T>): Promise<T> {
    const { shared } = this;
    if (!shared) return question(this.memory);
    return this.breaker.executeWithFallback(
      () => within(REDIS_DEADLINE_MS, 'Redis', question(shared)),
      () => question(this.memory),
    );
  }

  private refuse(what: 'key' | 'tenant' | 'address', error: unknown): never {
    if (!(error instanceof RateLimiterRes)) throw error;
    throw new RateLimited(what, this.limit.requests, this.limit.seconds, seconds(error.msBeforeNext));
  }
}

/** Whole seconds, rounded up: who waits that long is not refused again for the same window. */
const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));
