import { RedisServer } from '../support/redis-server.js';
import { startGiven } from '../support/given.js';
import { until } from '../support/until.js';

const suite = RedisServer.installed ? describe : describe.skip;

suite('while Redis is down (needs redis-server)', () => {
  let redis: RedisServer;
  const settings: Record<string, string> = {};
  beforeAll(async () => {
    redis = await RedisServer.prepare();
    await redis.start();
    settings.REDIS_URL = redis.url;
  });
  const given = startGiven({ nodes: 2, settings });
  afterAll(() => redis.remove());

  /** A task's life over two nodes, every read right. */
  const live = async () => {
    const { caller, ada, task, claim, get } = await given.workspace({ agents: ['ada'] });
    const { id } = await task();
    expect((await get(id)).title).toBe('Build it');
    await given.second.tasks.update(caller, id, 1, { title: 'changed' });
    expect((await given.second.tasks.get(caller, id)).title).toBe('changed');
    await until(async () => (await get(id)).title === 'changed');
    const [lease] = await claim(ada);
    expect(lease?.task).toMatchObject({ id, title: 'changed' });
    await given.second.claims.complete(caller, { taskId: id, epoch: lease?.epoch ?? 0 }, 'done');
    expect(await given.second.tasks.get(caller, id)).toMatchObject({ status: 'completed', result: 'done' });
    await until(async () => (await get(id)).status === 'completed');
  };
  const readiness = () => Promise.all(given.nodes.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));

  it('everything is right as before, and the nodes stay ready', async () => {
    await live();
    await redis.kill();

    await live();
    expect(await readiness()).toEqual([200, 200]);

    await redis.start();
    await live();
  });

  it('or does not answer, no task is wrong, then or afterwards', async () => {
    const { caller, task, get } = await given.tenant();
    const { id } = await task();
    for (const node of given.nodes) await node.tasks.get(caller, id);
    redis.pause();
    try {
      await given.node.tasks.update(caller, id, 1, { title: 'meanwhile' });
      expect((await get(id)).title).toBe('meanwhile');
      expect(await readiness()).toEqual([200, 200]);
    } finally {
      redis.resume();
    }

    expect((await get(id)).title).toBe('meanwhile');
    await until(async () => (await given.second.tasks.get(caller, id)).title === 'meanwhile');
  });

  it('a waiting claim still hears of a new task', async () => {
    const { http, ada, task } = await given.workspace({ agents: ['ada'] });
    await redis.kill();
    try {
      const answer = http.post<{ leases: object[] }>('/v1/tasks/claim', { agentId: ada.id, waitSeconds: 20 });
      await given.second.tasks.create((await given.tenant()).caller, { type: 'x', title: 'elsewhere' });
      await task();
      expect((await answer).body.leases).toHaveLength(1);
    } finally {
      await redis.start();
    }
  });
});
