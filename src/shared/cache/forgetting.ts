import { Logger } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import type { Metrics } from '../metrics/index.js';

const RETRY_MS = 1_000;
const CHUNK = 1_000;

/** About 10 MB of keys. What is beyond is dropped, oldest first and counted: other nodes may serve it until it expires. */
const OWED_AT_MOST = 50_000;

/** Removes generations, and remembers those that a failing store could not be told of until it has been. */
export class Forgetting {
  private readonly logger = new Logger('cache');
  private readonly owed = new Map<string, { until: number }>();
  private timer: NodeJS.Timeout | undefined;

  /** @param owedForMs after which no entry from before the invalidation can be alive any more */
  constructor(
    private readonly cache: Cache,
    private readonly metrics: Metrics,
    private readonly owedForMs: number,
  ) {}

  /** Whether the store may still hold what this key's last invalidation was to remove. */
  owes(key: string): boolean {
    return this.owed.has(key);
  }

  async forget(keys: readonly string[]): Promise<void> {
    const debt = { until: Date.now() + this.owedForMs };
    for (const key of keys) {
      this.owed.delete(key);
      this.owed.set(key, debt);
    }
    this.dropOldest();
    if (!(await this.pay(keys))) this.retryLater();
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.payAll();
    if (this.owed.size > 0) this.logger.warn({ msg: 'invalidations were lost on shutdown', count: this.owed.size });
  }

  /** @returns false when the store failed, which it counts and warns of itself */
  private async pay(keys: readonly string[]): Promise<boolean> {
    const debts = keys.map((key) => [key, this.owed.get(key)] as const);
    try {
      await Promise.all(this.cache.stores.map((store) => store.deleteMany([...keys])));
    } catch {
      return false;
    }
    // A younger debt of the same key began after what was just removed, so it stands.
    for (const [key, debt] of debts) if (this.owed.get(key) === debt) this.owed.delete(key);
    return true;
  }

  private async payAll(): Promise<void> {
    const now = Date.now();
    for (const [key, { until }] of this.owed) if (until <= now) this.owed.delete(key);
    const keys = [...this.owed.keys()];
    for (let start = 0; start < keys.length; start += CHUNK) {
      if (!(await this.pay(keys.slice(start, start + CHUNK)))) return;
    }
  }

  private retryLater(): void {
    this.timer ??= setTimeout(() => {
      void this.payAll().finally(() => {
        this.timer = undefined;
        if (this.owed.size > 0) this.retryLater();
      });
    }, RETRY_MS).unref();
  }

  private dropOldest(): void {
    for (const key of this.owed.keys()) {
      if (this.owed.size <= OWED_AT_MOST) return;
      this.owed.delete(key);
      this.metrics.cacheErrors.inc({ operation: 'invalidation_dropped' });
    }
  }
}
