import { createCache } from 'cache-manager';
import { Metrics } from '../metrics/index.js';
import { type CachedEntity, EntityCache, type Invalidation } from './entity-cache.js';
import { memoryKeyv, MemoryStore } from './memory-store.js';

interface Note {
  id: string;
  text: string;
  createdAt: Date;
}

const NOTE: CachedEntity<Note> = {
  type: 'note',
  revive: (stored) => {
    const note = stored as Record<keyof Note, string>;
    if (typeof note.text !== 'string') throw new TypeError('A note has a text.');
    return { ...note, createdAt: new Date(note.createdAt) };
  },
};

const note = (id: string, text = 'first'): Note => ({ id, text, createdAt: new Date('2026-01-02T03:04:05.678Z') });

function given({ ttlMs = 60_000 } = {}) {
  const metrics = new Metrics();
  const store = createCache({ stores: [memoryKeyv(new MemoryStore(1024 * 1024))] });
  const cache = new EntityCache(store, metrics, { ttlMs, shared: false });
  const count = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0;
  return { cache, store, count };
}

/** A load that ends when told to. */
function gate<T>() {
  let open: (value: T) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const passed = new Promise<T>((resolve, reject) => ([open, fail] = [resolve, reject]));
  return { load: jest.fn(() => passed), open: (value: T) => open(value), fail: (error: Error) => fail(error) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('EntityCache', () => {
  it('reads the cache first, and keeps what was loaded with its dates [S25][S29]', async () => {
    const { cache, count } = given();
    const load = jest.fn(async () => note('1'));

    const loaded = await cache.getOrLoad(NOTE, 't1', '1', load);
    const cached = await cache.getOrLoad(NOTE, 't1', '1', load);

    expect(load).toHaveBeenCalledTimes(1);
    expect(cached).toEqual(loaded);
    expect(cached?.createdAt).toBeInstanceOf(Date);
    expect([await count('muster_cache_misses_total'), await count('muster_cache_hits_total')]).toEqual([1, 1]);
  });

  it('never answers one tenant with the row of another [S25]', async () => {
    const { cache } = given();
    await cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'of t1'));

    const other = await cache.getOrLoad(NOTE, 't2', '1', async () => undefined);

    expect(other).toBeUndefined();
  });

  it('forgets after the time to live, 5 minutes unless told otherwise [S80]', async () => {
    const { cache } = given({ ttlMs: 20 });
    const load = jest.fn(async () => note('1'));
    await cache.getOrLoad(NOTE, 't1', '1', load);

    while (load.mock.calls.length < 2) await cache.getOrLoad(NOTE, 't1', '1', load);
  });

  it('loads anew what it cannot understand, and heals the entry [S26]', async () => {
    const { cache, store, count } = given();
    await cache.getOrLoad(NOTE, 't1', '1', async () => note('1'));
    const [key] = ['note.1:t1:1'];
    const entry = await store.get<{ generation: string; value: unknown }>(key);
    await store.set(key, { generation: entry?.generation, value: { text: 7 } });

    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'second'))).toEqual(note('1', 'second'));
    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'third'))).toEqual(note('1', 'second'));
    expect(await count('muster_cache_errors_total')).toBe(1);

    await store.set(key, 'no entry at all');
    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'fourth'))).toEqual(note('1', 'fourth'));
  });

  it('keeps the forms of two releases apart, and one invalidation reaches both', async () => {
    const { cache } = given();
    const newer: CachedEntity<string> = { type: 'note', form: 2, revive: (stored) => stored as string };
    await cache.getOrLoad(NOTE, 't1', '1', async () => note('1'));
    await cache.getOrLoad(newer, 't1', '1', async () => 'first');

    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => undefined)).toEqual(note('1'));
    await cache.invalidate('note', 't1', ['1']);

    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'second'))).toEqual(note('1', 'second'));
    expect(await cache.getOrLoad(newer, 't1', '1', async () => 'second')).toBe('second');
  });

  it('makes one load of concurrent misses, and gives each caller its own object', async () => {
    const { cache } = given();
    const { load, open } = gate<Note>();

    const reads = Array.from({ length: 50 }, () => cache.getOrLoad(NOTE, 't1', '1', load));
    await settled();
    open(note('1'));
    const rows = await Promise.all(reads);

    expect(load).toHaveBeenCalledTimes(1);
    expect(rows).toEqual(Array.from({ length: 50 }, () => note('1')));
    expect(new Set(rows).size).toBe(50);
  });

  it('fails all who share a failing load, and the next one loads again', async () => {
    const { cache } = given();
    const { load, fail } = gate<Note>();

    const reads = Array.from({ length: 3 }, () => cache.getOrLoad(NOTE, 't1', '1', load));
    await settled();
    fail(new Error('no database'));

    for (const read of reads) await expect(read).rejects.toThrow('no database');
    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => note('1'))).toEqual(note('1'));
  });

  it('does not let a reader who raced a writer leave the older version behind [S24]', async () => {
    const { cache } = given();
    const { load, open } = gate<Note>();
    const racing = cache.getOrLoad(NOTE, 't1', '1', load);
    await settled();

    await cache.invalidate('note', 't1', ['1']);
    open(note('1', 'before'));
    await racing;

    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'after'))).toEqual(note('1', 'after'));
  });

  it('does not store under a generation whose planting was given up and arrives after an invalidation [S24]', async () => {
    let arriveLate: (() => Promise<void>) | undefined;
    class SlowOnce extends MemoryStore {
      override set(key: string, value: string): Promise<void> {
        if (arriveLate) return super.set(key, value);
        arriveLate = () => super.set(key, value);
        return Promise.reject(new Error('Redis took longer than 50 ms.'));
      }
    }
    const keyv = memoryKeyv(new SlowOnce(1024 * 1024));
    const node = () => new EntityCache(createCache({ stores: [keyv] }), new Metrics(), { ttlMs: 60_000, shared: true });
    const [here, there] = [node(), node()];
    const { load, open } = gate<Note>();
    const racing = here.getOrLoad(NOTE, 't1', '1', load);
    while (load.mock.calls.length === 0) await settled();

    await there.invalidate('note', 't1', ['1']);
    await arriveLate?.();
    open(note('1', 'before'));
    await racing;

    expect(await there.getOrLoad(NOTE, 't1', '1', async () => note('1', 'after'))).toEqual(note('1', 'after'));
  });

  it('does not let a reader who came after an invalidation share a load from before it [S24]', async () => {
    const { cache } = given();
    const before = gate<Note>();
    const racing = cache.getOrLoad(NOTE, 't1', '1', before.load);
    await settled();
    await cache.applyRemoteInvalidation({ entityType: 'note', tenantId: 't1', ids: ['1'] });

    const later = cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'after'));

    expect(await later).toEqual(note('1', 'after'));
    before.open(note('1', 'before'));
    expect(await racing).toEqual(note('1', 'before'));
    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => undefined)).toEqual(note('1', 'after'));
  });

  it('reads many with one load of what is missing, once each, absent rows left out', async () => {
    const { cache } = given();
    await cache.getOrLoad(NOTE, 't1', '1', async () => note('1'));
    const load = jest.fn(async (ids: string[]) => new Map(ids.filter((id) => id !== '4').map((id) => [id, note(id)])));

    const rows = await cache.getManyOrLoad(NOTE, 't1', ['1', '2', '3', '3', '4'], load);

    expect(load.mock.calls).toEqual([[['2', '3', '4']]]);
    expect([...rows.keys()].sort()).toEqual(['1', '2', '3']);
    expect(await cache.getManyOrLoad(NOTE, 't1', [], load)).toEqual(new Map());
    await cache.getManyOrLoad(NOTE, 't1', ['1', '2', '3'], load);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('shares loads between readers of one and of many', async () => {
    const { cache } = given();
    const { load, open } = gate<Note>();
    const one = cache.getOrLoad(NOTE, 't1', '1', load);
    await settled();
    const loadMany = jest.fn(async (ids: string[]) => new Map(ids.map((id) => [id, note(id)])));

    const many = cache.getManyOrLoad(NOTE, 't1', ['1', '2'], loadMany);
    await settled();
    open(note('1'));

    expect((await many).size).toBe(2);
    expect(await one).toEqual(note('1'));
    expect(loadMany.mock.calls).toEqual([[['2']]]);
  });

  it('does not cache that there is nothing', async () => {
    const { cache } = given();
    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => undefined)).toBeUndefined();
    expect(await cache.getOrLoad(NOTE, 't1', '1', async () => note('1'))).toEqual(note('1'));
  });

  it('answers with what JSON cannot carry, uncached [S82]', async () => {
    const { cache } = given();
    const big: CachedEntity<{ n: bigint }> = { type: 'big', revive: (stored) => stored as { n: bigint } };
    const load = jest.fn(async () => ({ n: 1n }));

    const read = () => cache.getOrLoad(big, 't1', '1', load);
    expect(await Promise.all([read(), read()])).toEqual([{ n: 1n }, { n: 1n }]);
    expect(await read()).toEqual({ n: 1n });
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('tells the other nodes, and forgets what they tell', async () => {
    const [here, there] = [given().cache, given().cache];
    const told: Invalidation[] = [];
    const stop = here.onInvalidate((invalidation) => {
      told.push(invalidation);
      void there.applyRemoteInvalidation(invalidation);
    });
    await there.getOrLoad(NOTE, 't1', '1', async () => note('1', 'before'));

    await here.invalidate('note', 't1', ['1', '2']);

    expect(told).toEqual([{ entityType: 'note', tenantId: 't1', ids: ['1', '2'] }]);
    expect(await there.getOrLoad(NOTE, 't1', '1', async () => note('1', 'after'))).toEqual(note('1', 'after'));
    stop();
    await here.invalidate('note', 't1', ['1']);
    expect(told).toHaveLength(1);
  });

  it('forgets everything, loads under way included, when it may have missed something', async () => {
    const { cache } = given();
    await cache.getOrLoad(NOTE, 't1', '1', async () => note('1', 'before'));
    const { load, open } = gate<Note>();
    const racing = cache.getOrLoad(NOTE, 't1', '2', load);
    await settled();

    await cache.forgetAll();
    open(note('2', 'before'));
    await racing;

    for (const id of ['1', '2']) {
      expect(await cache.getOrLoad(NOTE, 't1', id, async () => note(id, 'after'))).toEqual(note(id, 'after'));
    }
  });
});
