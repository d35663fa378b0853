import { randomUUID } from 'node:crypto';
import { createCache } from 'cache-manager';
import { createClient } from 'redis';
import { type CacheConnection, type CachedEntity, EntityCache, openCache } from '../../src/shared/cache/index.js';
import { Metrics } from '../../src/shared/metrics/index.js';
import { RedisServer } from '../support/redis-server.js';
import { describeWithRedis, redisUrl } from '../support/redis.js';
import { until } from '../support/until.js';

interface Row {
  version: number;
  at: Date;
}

const ROW: CachedEntity<Row> = {
  type: 'row',
  revive: (stored) => {
    const row = stored as { version: number; at: string };
    return { version: row.version, at: new Date(row.at) };
  },
};
const row = (version: number): Row => ({ version, at: new Date(1_700_000_000_000 + version) });

/** One node of Muster on a Redis. */
class Node {
  private constructor(
    readonly cache: EntityCache,
    readonly connection: CacheConnection,
    readonly metrics: Metrics,
  ) {}

  static async open(redisUrl: string, namespace: string, operationTimeoutMs = 50): Promise<Node> {
    const metrics = new Metrics();
    const connection = await openCache({ redisUrl, namespace, operationTimeoutMs }, metrics);
    const store = createCache({ stores: [connection.keyv] });
    return new Node(new EntityCache(store, metrics, { ttlMs: 60_000, shared: true }), connection, metrics);
  }

  read(id: string, load: () => Promise<Row | undefined>): Promise<Row | undefined> {
    return this.cache.getOrLoad(ROW, 't1', id, load);
  }

  async errors(operation: string): Promise<number> {
    const { values } = await this.metrics.cacheErrors.get();
    return values.find(({ labels }) => labels.operation === operation)?.value ?? 0;
  }

  async close(): Promise<void> {
    await this.cache.close();
    this.connection.close();
  }
}

const nodes: Node[] = [];
async function open(url: string, namespace = `test-${randomUUID()}`, timeoutMs?: number): Promise<Node> {
  const node = await Node.open(url, namespace, timeoutMs);
  nodes.push(node);
  return node;
}
afterEach(() => Promise.all(nodes.splice(0).map((node) => node.close())));

const connectTo = (url: string) => createClient({ url });

const works = (node: Node) =>
  node.connection.check().then(
    () => true,
    () => false,
  );

describeWithRedis('the entity cache on Redis', () => {
  let url: string;
  let redis: ReturnType<typeof connectTo>;

  beforeAll(async () => {
    url = redisUrl();
    redis = connectTo(url);
    await redis.connect();
  });
  afterAll(() => redis.destroy());

  it('serves all nodes from one store, dates included [S25][S29]', async () => {
    const [one, other] = [await open(url, 'test-shared'), await open(url, 'test-shared')];
    const id = randomUUID();
    await one.read(id, async () => row(1));

    expect(await other.read(id, async () => undefined)).toEqual(row(1));
    await other.cache.invalidate('row', 't1', [id]);
    expect(await one.read(id, async () => row(2))).toEqual(row(2));
  });

  it('keeps an entry for the time to live, 5 minutes, and a generation for twice that [S80]', async () => {
    const namespace = `test-${randomUUID()}`;
    const { connection, metrics } = await open(url, namespace);
    const cache = new EntityCache(createCache({ stores: [connection.keyv] }), metrics, {
      ttlMs: 300_000,
      shared: true,
    });

    await cache.getOrLoad(ROW, 't1', 'a', async () => row(1));

    const ttl = async (key: string) => redis.pTTL((await redis.keys(`${namespace}:*:${key}`))[0] ?? '');
    expect(await ttl('row.1:t1:a')).toBeGreaterThan(290_000);
    expect(await ttl('row.1:t1:a')).toBeLessThanOrEqual(300_000);
    expect(await ttl('gen:row:t1:a')).toBeGreaterThan(590_000);
  });

  it('reads many in one round trip', async () => {
    const node = await open(url);
    const ids = Array.from({ length: 50 }, (_, i) => `id${i}`);
    const load = jest.fn(async (missing: string[]) => new Map(missing.map((id) => [id, row(1)])));
    await node.cache.getManyOrLoad(ROW, 't1', ids, load);
    const commands = async () => Number(/cmdstat_mget:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
    const before = await commands();

    const rows = await node.cache.getManyOrLoad(ROW, 't1', ids, load);

    expect(rows.size).toBe(50);
    expect(load).toHaveBeenCalledTimes(1);
    expect((await commands()) - before).toBe(1);
  });

  it('loads anew what is no JSON, heals it, and does not hold it against Redis [S26][S82]', async () => {
    const namespace = `test-${randomUUID()}`;
    const node = await open(url, namespace);
    for (let version = 1; version <= 30; version++) {
      await node.read('a', async () => row(version));
      const [key] = await redis.keys(`${namespace}:*:row.1:t1:a`);
      await redis.set(key ?? '', '{"half an ent');
    }

    expect(await node.read('a', async () => row(31))).toEqual(row(31));
    expect(await node.read('a', async () => row(32))).toEqual(row(31));
    expect(await node.errors('read')).toBeGreaterThan(0);
    expect(await works(node)).toBe(true);
  });

  it('clears what is its own and leaves the keys of others alone', async () => {
    const namespace = `test-${randomUUID()}`;
    const foreign = `foreign-${randomUUID()}`;
    await redis.set(foreign, 'kept', { expiration: { type: 'EX', value: 60 } });
    const node = await open(url, namespace);
    await node.read('a', async () => row(1));

    await node.connection.keyv.clear();

    expect(await redis.keys(`${namespace}:*`)).toEqual([]);
    expect(await redis.getDel(foreign)).toBe('kept');
  });

  it('never serves less than was acknowledged, with two nodes reading and writing at once [S24]', async () => {
    const namespace = `test-${randomUUID()}`;
    const both = [await open(url, namespace, 1_000), await open(url, namespace, 1_000)];
    const ids = ['a', 'b', 'c'];
    const committed = new Map(ids.map((id) => [id, 0]));
    const acknowledged = new Map(ids.map((id) => [id, 0]));
    const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
    const load = async (id: string) => {
      const version = committed.get(id) ?? 0;
      for (let turns = Math.random() * 5; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      return row(version);
    };
    const work = async () => {
      for (let i = 0; i < 150; i++) {
        const [node, id] = [pick(both), pick(ids)];
        if (Math.random() < 0.3) {
          const version = (committed.get(id) ?? 0) + 1;
          committed.set(id, version);
          await node.cache.invalidate('row', 't1', [id]);
          acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, version));
        } else {
          const atLeast = acknowledged.get(id) ?? 0;
          expect((await node.read(id, () => load(id)))?.version).toBeGreaterThanOrEqual(atLeast);
        }
      }
    };

    await Promise.all(Array.from({ length: 16 }, work));

    for (const node of both) {
      for (const id of ids) expect((await node.read(id, () => load(id)))?.version).toBe(committed.get(id));
      expect(await node.errors('read')).toBe(0);
    }
  });
});

const describeWithServer = RedisServer.installed ? describe : describe.skip;

describeWithServer('the entity cache on a failing Redis (needs redis-server)', () => {
  let server: RedisServer;

  beforeEach(async () => {
    server = await RedisServer.prepare();
    await server.start();
  });
  afterEach(() => server.remove());

  it('answers from the database when Redis dies, at next to no cost, and uses it again when it is back [S82][S83] [S81]', async () => {
    const node = await open(server.url);
    await node.read('a', async () => row(1));

    await server.kill();

    for (let i = 0; i < 20; i++) expect(await node.read('a', async () => row(2))).toEqual(row(2));
    const started = performance.now();
    for (let i = 0; i < 1_000; i++) await node.read('a', async () => row(2));
    expect((performance.now() - started) / 1_000).toBeLessThan(20);
    expect(await node.errors('read')).toBeGreaterThan(1_000);
    await server.start();
    await until(() => works(node));
    await node.read('a', async () => row(3));
    expect(await node.read('a', async () => row(4))).toEqual(row(3));
  });

  it('waits for a Redis that hangs no longer than its limit, and soon not at all [S82]', async () => {
    const node = await open(server.url);
    await node.read('a', async () => row(1));
    server.pause();

    const started = performance.now();
    for (let i = 0; i < 50; i++) expect(await node.read('a', async () => row(2))).toEqual(row(2));

    // Unlimited it would never end; limited but without a breaker 50 reads would take 50 × 2 × 50 ms = 5 s.
    expect(performance.now() - started).toBeLessThan(2_500);
    server.resume();
    await until(() => works(node));
  });

  it('does not trust what it could not invalidate, and makes up for it when Redis is back [S24]', async () => {
    const namespace = 'test';
    const [here, there] = [await open(server.url, namespace), await open(server.url, namespace)];
    await here.read('a', async () => row(1));
    server.pause();

    await here.cache.invalidate('row', 't1', ['a']);
    server.resume();
    await until(() => works(here));

    expect(await here.read('a', async () => row(2))).toEqual(row(2));
    await until(async () => (await there.read('a', async () => row(2)))?.version === 2);
  });

  it('trusts nothing that a Redis brings back from its file, which may lack invalidations [S24]', async () => {
    const node = await open(server.url);
    await node.read('a', async () => row(1));
    const redis = await createClient({ url: server.url }).connect();
    await redis.sendCommand(['SAVE']);
    redis.destroy();
    await node.cache.invalidate('row', 't1', ['a']);

    await server.kill();
    await server.start();
    await until(() => works(node));

    expect(await node.read('a', async () => row(2))).toEqual(row(2));
  });

  it('starts without Redis, and uses it when it comes', async () => {
    await server.kill();
    const node = await open(server.url);
    expect(await node.read('a', async () => row(1))).toEqual(row(1));

    await server.start();
    await until(() => works(node));

    await node.read('a', async () => row(2));
    expect(await node.read('a', async () => row(3))).toEqual(row(2));
  });

  it('closes at once while Redis hangs', async () => {
    const node = await open(server.url);
    server.pause();

    const started = performance.now();
    await node.close();

    expect(performance.now() - started).toBeLessThan(1_000);
    server.resume();
  });
});
