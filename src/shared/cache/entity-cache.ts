import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import type { Metrics } from '../metrics/index.js';
import { Flights, type Flight } from './flights.js';
import { Forgetting } from './forgetting.js';

/** How one type of entity is kept. */
export interface CachedEntity<T> {
  /** Stands in keys and metrics: `task`. */
  readonly type: string;
  /** To be raised when the stored form changes: nodes of two releases share one Redis while they are rolled out. */
  readonly form?: number;
  /** From what JSON left of a T (dates are RFC 3339 text) back to a T. What it refuses by throwing is loaded anew. */
  readonly revive: (stored: unknown) => T;
}

export interface Invalidation {
  entityType: string;
  tenantId: string;
  ids: readonly string[];
}

export interface EntityCacheOptions {
  ttlMs: number;
  /** True when all nodes see one store, false when each has its own and must be told of the others' changes. */
  shared: boolean;
}

interface Place {
  readonly entry: string;
  readonly generation: string;
}

interface Entry {
  readonly generation: string;
  readonly value: unknown;
}

/**
 * Get-or-load over cache-manager. A cached row is never older than the last invalidation, whatever the order in which
 * readers, writers and late answers meet, because generations decide:
 *
 * - each entity has a generation, a unique value under a key of its own; an entry carries the generation that was there
 *   before its load began, and is accepted only while that very generation is still there;
 * - invalidating removes the generation, and a reader who finds none plants a new one before it loads. So a load that
 *   began before the commit can only be stored under a generation that is gone. Losing a generation (eviction, expiry, a
 *   late command) costs a load and never a stale answer.
 *
 * The price is a second key in the same MGET, and one more write on a cold miss. A failing store answers "not found" and
 * refuses the planting, so the row comes from the database and is not stored.
 */
export class EntityCache {
  private readonly logger = new Logger('cache');
  private readonly flights = new Flights();
  private readonly forgetting: Forgetting;
  private readonly listeners = new Set<(invalidation: Invalidation) => void>();

  constructor(
    private readonly cache: Cache,
    private readonly metrics: Metrics,
    private readonly options: EntityCacheOptions,
  ) {
    this.forgetting = new Forgetting(cache, metrics, 2 * options.ttlMs);
  }

  get shared(): boolean {
    return this.options.shared;
  }

  /**
   * @param load reads the row from the database, seeing every commit before its start (a lagging replica must not fill
   * the cache); undefined, which is not cached, where there is none. Its errors reach the caller.
   */
  async getOrLoad<T>(
    entity: CachedEntity<T>,
    tenantId: string,
    id: string,
    load: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const rows = await this.getManyOrLoad(entity, tenantId, [id], async () => {
      const row = await load();
      return row === undefined ? new Map<string, T>() : new Map([[id, row]]);
    });
    return rows.get(id);
  }

  /** As `getOrLoad`, with one round trip to the cache and one load for all that it lacks. Absent rows are left out. */
  async getManyOrLoad<T>(
    entity: CachedEntity<T>,
    tenantId: string,
    ids: readonly string[],
    loadMissing: (ids: string[]) => Promise<ReadonlyMap<string, T>>,
  ): Promise<Map<string, T>> {
    const begun = this.flights.now();
    const places = new Map(ids.map((id) => [id, place(entity, tenantId, id)]));
    if (places.size === 0) return new Map();

    const { found, generations } = await this.read(entity, places);
    const missing = places.size - found.size;
    this.metrics.cacheHits.inc({ entity_type: entity.type }, found.size);
    this.metrics.cacheMisses.inc({ entity_type: entity.type }, missing);
    if (missing === 0) return found;

    const joined = new Map<string, Flight>();
    const own = new Map<string, Place>();
    for (const [id, where] of places) {
      if (found.has(id)) continue;
      const flight = this.flights.joinable(where.generation, begun, generations.get(id));
      if (flight) joined.set(id, flight);
      else own.set(id, where);
    }
    await Promise.all([
      this.load(own, generations, loadMissing, found),
      ...[...joined].map(async ([id, flight]) => {
        const row = (await flight.rows).get(id);
        if (row !== undefined) found.set(id, this.copy(entity, row));
      }),
    ]);
    return found;
  }

  /**
   * To be called after the commit that changed these entities. Never fails: what a failing store could not forget is
   * tried again, and until then this node does not trust it.
   */
  async invalidate(entityType: string, tenantId: string, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const forgotten = this.applyRemoteInvalidation({ entityType, tenantId, ids });
    for (const listener of this.listeners) listener({ entityType, tenantId, ids });
    await forgotten;
  }

  /** Hears of every `invalidate` of this node, to tell the other nodes. @returns a function that takes it off again */
  onInvalidate(listener: (invalidation: Invalidation) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** What another node's `invalidate` asks for. */
  async applyRemoteInvalidation({ entityType, tenantId, ids }: Invalidation): Promise<void> {
    const keys = [...new Set(ids)].map((id) => generationKey(entityType, tenantId, id));
    this.flights.leave(keys);
    await this.forgetting.forget(keys);
  }

  /** For a node that may have missed invalidations. A store that is shared missed none and stays. */
  async forgetAll(): Promise<void> {
    this.flights.leaveAll();
    if (!this.options.shared) await this.cache.clear();
  }

  /** Makes a last attempt at invalidations that failed. */
  async close(): Promise<void> {
    await this.forgetting.close();
  }

  private async read<T>(entity: CachedEntity<T>, places: ReadonlyMap<string, Place>) {
    const found = new Map<string, T>();
    const generations = new Map<string, string>();
    const values = await this.cache.mget<unknown>([...places.values()].flatMap((p) => [p.entry, p.generation]));
    let next = 0;
    for (const [id, { generation: key }] of places) {
      const [entry, generation] = [values[next++], values[next++]];
      if (typeof generation !== 'string' || this.forgetting.owes(key)) continue;
      generations.set(id, generation);
      if (!isEntry(entry) || entry.generation !== generation) continue;
      const row = this.revive(entity, entry.value);
      if (row !== undefined) found.set(id, row);
    }
    return { found, generations };
  }

  private async load<T>(
    places: ReadonlyMap<string, Place>,
    generations: ReadonlyMap<string, string>,
    loadMissing: (ids: string[]) => Promise<ReadonlyMap<string, T>>,
    found: Map<string, T>,
  ): Promise<void> {
    if (places.size === 0) return;
    const keys = [...places.values()].map(({ generation }) => generation);
    const rows = await this.flights.start(keys, async (flight) => {
      await this.plant(flight, places, generations);
      flight.begin(this.flights.now());
      const loaded = await loadMissing([...places.keys()]);
      await this.store(flight, places, loaded);
      return loaded;
    });
    for (const [id, row] of rows) if (places.has(id)) found.set(id, row);
  }

  /** Only a generation that is known to be in the store before the load begins may stand in an entry. */
  private async plant(
    flight: Flight,
    places: ReadonlyMap<string, Place>,
    seen: ReadonlyMap<string, string>,
  ): Promise<void> {
    const ttl = 2 * this.options.ttlMs;
    const fresh: { key: string; value: string; ttl: number }[] = [];
    for (const [id, { generation: key }] of places) {
      const generation = seen.get(id);
      if (generation === undefined) fresh.push({ key, value: randomUUID(), ttl });
      else flight.generations.set(key, generation);
    }
    if (fresh.length === 0 || !(await this.write(fresh))) return;
    for (const { key, value } of fresh) flight.generations.set(key, value);
  }

  private async store(
    flight: Flight,
    places: ReadonlyMap<string, Place>,
    rows: ReadonlyMap<string, unknown>,
  ): Promise<void> {
    const entries: { key: string; value: Entry; ttl: number }[] = [];
    for (const [id, { entry, generation: key }] of places) {
      const [value, generation] = [rows.get(id), flight.generations.get(key)];
      if (value === undefined || generation === undefined || !this.flights.carries(key, flight)) continue;
      entries.push({ key: entry, value: { generation, value }, ttl: this.options.ttlMs });
    }
    if (entries.length > 0) await this.write(entries);
  }

  /** @returns whether all of it is stored for certain. Why not is known to the store, which warns of failures itself. */
  private async write(entries: { key: string; value: unknown; ttl: number }[]): Promise<boolean> {
    try {
      await this.cache.mset(entries);
      return true;
    } catch {
      this.metrics.cacheErrors.inc({ operation: 'fill' });
      return false;
    }
  }

  private revive<T>(entity: CachedEntity<T>, stored: unknown): T | undefined {
    try {
      return entity.revive(stored);
    } catch (error) {
      this.metrics.cacheErrors.inc({ operation: 'revive' });
      this.logger.warn({ msg: 'a cached entry cannot be understood', entityType: entity.type, err: error });
      return undefined;
    }
  }

  /** Those who share a load do not share its objects, unless JSON cannot carry them; then they are not cached either. */
  private copy<T>(entity: CachedEntity<T>, row: unknown): T {
    try {
      return entity.revive(JSON.parse(JSON.stringify(row)));
    } catch {
      return row as T;
    }
  }
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && 'generation' in value && 'value' in value;
}

function place(entity: CachedEntity<unknown>, tenantId: string, id: string): Place {
  return {
    entry: `${entity.type}.${entity.form ?? 1}:${tenantId}:${id}`,
    generation: generationKey(entity.type, tenantId, id),
  };
}

function generationKey(entityType: string, tenantId: string, id: string): string {
  return `gen:${entityType}:${tenantId}:${id}`;
}
