import { Logger } from '@nestjs/common';
import { KeyvAdapter } from 'cache-manager';
import { redisInsStore } from 'cache-manager-redis-yet';
import { Keyv, type KeyvStoreAdapter, type StoredData } from 'keyv';
import { createClient } from 'redis';
import { CircuitOpen } from '../errors/index.js';
import type { Metrics } from '../metrics/index.js';
import { CircuitBreaker, within } from '../resilience/index.js';

export interface RedisStoreOptions {
  url: string;
  /** Stands before every key, for installations that share one Redis. */
  namespace: string;
  /** Milliseconds after which an operation counts as failed. */
  timeoutMs: number;
}

type Operation = 'read' | 'write' | 'invalidate' | 'check';
type Driver = ConstructorParameters<typeof KeyvAdapter>[0];
type DriverClient = Parameters<typeof redisInsStore>[0];

/** At most one warning in this time, and none for what an open breaker refuses; the metric counts every failure. */
const WARN_EVERY_MS = 1_000;

/**
 * Redis behind the driver `cache-manager-redis-yet`, with what the driver lacks: a limit for each operation, a breaker,
 * and a connection that may be absent at start.
 *
 * Keys carry the `run_id` of the Redis process. A Redis that restarts from its file, or a replica that takes over, may
 * have lost the latest invalidations; under the new id everything it still holds is out of reach and expires.
 */
export class RedisStore implements KeyvStoreAdapter {
  readonly opts = {};
  readonly breaker: CircuitBreaker;
  private readonly logger = new Logger('cache');
  private readonly client;
  private readonly driver: Required<Pick<KeyvAdapter, 'get' | 'getMany' | 'set' | 'delete' | 'deleteMany'>>;
  private prefix: string | undefined;
  private connection = 0;
  private warnedAt = 0;
  private onUsable: () => void = () => undefined;

  constructor(
    private readonly options: RedisStoreOptions,
    private readonly metrics: Metrics,
  ) {
    this.client = createClient({ url: options.url, disableOfflineQueue: true, commandsQueueMaxLength: 10_000 });
    this.client.on('error', (error: unknown) => this.warn('connection', error));
    this.client.on('ready', () => void this.identify());
    this.client.on('reconnecting', () => this.disown());
    this.client.on('end', () => this.disown());
    // The driver was written against redis 4; the commands it uses are the same in 6, so one client library is enough.
    const driver = redisInsStore(this.client as unknown as DriverClient) as unknown as Driver;
    this.driver = new KeyvAdapter(driver) as RedisStore['driver'];
    this.breaker = new CircuitBreaker('redis', { counts: (error) => !isAboutTheValue(error) });
    this.metrics.watchBreaker(this.breaker);
  }

  /** Begins to connect and goes on for ever; returns when connected, or after `waitMs` without. */
  async connect(waitMs: number): Promise<void> {
    const usable = new Promise<void>((resolve) => (this.onUsable = resolve));
    this.client.connect().catch((error: unknown) => this.warn('connection', error));
    await within(waitMs, 'Connecting', usable).catch((error: unknown) => this.warn('connection', error));
  }

  /** @throws when Redis does not answer */
  async check(): Promise<void> {
    await this.guarded('check', () => this.client.ping());
  }

  /** At once, because what waits for an answer may wait for ever; nothing of a cache needs saving. */
  close(): void {
    if (this.client.isOpen) this.client.destroy();
  }

  get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    return this.guarded('read', (prefix) => this.driver.get<Value>(prefix + key));
  }

  getMany<Value>(keys: string[]): Promise<StoredData<Value | undefined>[]> {
    return this.guarded('read', (prefix) => this.driver.getMany<Value>(keys.map((key) => prefix + key)));
  }

  set(key: string, value: unknown, ttlMs?: number): Promise<boolean> {
    return this.guarded('write', (prefix) => this.driver.set(prefix + key, value, ttlMs));
  }

  delete(key: string): Promise<boolean> {
    return this.guarded('invalidate', (prefix) => this.driver.delete(prefix + key));
  }

  deleteMany(keys: string[]): Promise<boolean> {
    return this.guarded('invalidate', (prefix) => this.driver.deleteMany(keys.map((key) => prefix + key)));
  }

  /** Only our own keys: the driver's `clear` is FLUSHDB and would take everybody's. */
  async clear(): Promise<void> {
    const pattern = `${this.options.namespace.replace(/[*?[\]\\]/g, '\\$&')}:*`;
    for await (const keys of this.client.scanIterator({ MATCH: pattern, COUNT: 1_000 })) {
      if (keys.length > 0) await this.client.unlink(keys);
    }
  }

  on(): this {
    return this;
  }

  private async guarded<T>(operation: Operation, run: (prefix: string) => Promise<T>): Promise<T> {
    try {
      return await this.breaker.execute(() => {
        if (this.prefix === undefined) throw new Error('Redis is not connected.');
        return within(this.options.timeoutMs, 'Redis', run(this.prefix));
      });
    } catch (error) {
      this.metrics.cacheErrors.inc({ operation });
      this.warn(operation, error);
      throw error;
    }
  }

  /** Each new connection may lead to another process than the last one. */
  private async identify(): Promise<void> {
    const connection = ++this.connection;
    try {
      const info = await this.client.info('server');
      if (connection !== this.connection) return;
      this.prefix = `${this.options.namespace}:${/^run_id:(\w+)/m.exec(info)?.[1] ?? 'unknown'}:`;
      this.breaker.reset();
      this.onUsable();
    } catch (error) {
      this.warn('connection', error);
    }
  }

  private disown(): void {
    this.connection++;
    this.prefix = undefined;
  }

  private warn(operation: string, error: unknown): void {
    const now = Date.now();
    if (error instanceof CircuitOpen || now - this.warnedAt < WARN_EVERY_MS) return;
    this.warnedAt = now;
    this.logger.warn({ msg: 'cache failed, the database answers instead', operation, err: error });
  }
}

export function redisKeyv(store: RedisStore): Keyv {
  // Without a serialiser of Keyv's: the driver writes JSON itself, and JSON within JSON doubles every quotation mark.
  return new Keyv({ store, useKeyPrefix: false, serialize: undefined, deserialize: undefined, throwOnErrors: true });
}

/** Text under our key that is no JSON, or a value that JSON cannot carry, is no sign of a broken Redis. */
function isAboutTheValue(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof TypeError;
}
