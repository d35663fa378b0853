import type { Keyv } from 'keyv';
import type { Metrics } from '../metrics/index.js';
import { memoryKeyv, MemoryStore } from './memory-store.js';
import { redisKeyv, RedisStore } from './redis-store.js';

export interface CacheOptions {
  /** Without it each node keeps its own cache in memory. */
  redisUrl?: string | undefined;
  /** How long an entry lives, in milliseconds; default 5 minutes. */
  ttlMs?: number;
  /** After how many milliseconds Redis counts as failing; default 50. */
  operationTimeoutMs?: number;
  /** What the cache in memory may weigh; default 32 MiB. */
  memoryBytes?: number;
  /** Stands before every key in Redis; default `muster`. */
  namespace?: string;
}

export const DEFAULT_TTL_MS = 300_000;

/** A node starts without its Redis rather than late. */
const CONNECT_WAIT_MS = 1_000;

/** The store behind the cache: one Redis for all nodes, or this node's memory. */
export abstract class CacheConnection {
  abstract readonly keyv: Keyv;
  abstract readonly shared: boolean;
  /** @throws when the store does not answer */
  abstract check(): Promise<void>;
  abstract close(): void;
}

export async function openCache(options: CacheOptions, metrics: Metrics): Promise<CacheConnection> {
  const { redisUrl, operationTimeoutMs = 50, memoryBytes = 32 * 1024 * 1024, namespace = 'muster' } = options;
  if (!redisUrl) {
    return {
      keyv: memoryKeyv(new MemoryStore(memoryBytes)),
      shared: false,
      check: () => Promise.resolve(),
      close: () => undefined,
    };
  }
  const store = new RedisStore({ url: redisUrl, namespace, timeoutMs: operationTimeoutMs }, metrics);
  await store.connect(CONNECT_WAIT_MS);
  return { keyv: redisKeyv(store), shared: true, check: () => store.check(), close: () => store.close() };
}
