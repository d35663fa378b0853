import type { Agent } from '../../src/agents/index.js';
import type { Lease } from '../../src/tasks/index.js';
import { aTask, startGiven, type Tenant } from '../support/given.js';

interface Limit {
  key: string;
  limit: number;
  running: number;
}

describe('a concurrency key', () => {
  const given = startGiven({ nodes: 2 });

  const node = (n: number) => given.nodes[n % 2] ?? given.node;
  const make = ({ caller }: Tenant, count: number, concurrencyKey = 'disk') =>
    given.node.tasks.createBatch(
      caller,
      Array.from({ length: count }, () => aTask({ concurrencyKey })),
    );
  const setLimit = ({ caller }: Tenant, limit: number, key = 'disk') =>
    given.node.dispatch.setLimit(caller, key, limit);
  const running = async ({ rows }: Tenant): Promise<number> => {
    const [row] = await rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND concurrency_key = 'disk'
         AND status IN ('in_progress', 'awaiting_input')`,
    );
    return row?.n ?? 0;
  };
  const complete = ({ caller }: Tenant, { task, epoch }: Lease, n = 0) =>
    node(n).claims.complete(caller, { taskId: task.id, epoch });

  it('lets one of its tasks run at once unless its limit says otherwise', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    await make(tenant, 3);

    const [first] = await tenant.claim(tenant.ada, { limit: 3 });
    expect(await tenant.claim(tenant.bob, { limit: 3 })).toEqual([]);
    await complete(tenant, first as Lease);
    expect(await tenant.claim(tenant.bob, { limit: 3 })).toHaveLength(1);
  });

  it.each([1, 3])(
    'never exceeds its limit of %i, by agents that claim, end and give back on two nodes',
    async (limit) => {
      const tenant = await given.tenant();
      await make(tenant, 60);
      await setLimit(tenant, limit);
      const agents = await Promise.all(Array.from({ length: 10 }, (_, n) => tenant.agent(`agent ${n}`)));
      let [most, done] = [0, 0];
      const work = async (agent: Agent, n: number) => {
        for (let round = 0; done < 60; round++) {
          const leases = await node(n).claims.claim(tenant.caller, { agentId: agent.id, limit: 1 + (n % 3) });
          if (leases.length > 0) most = Math.max(most, await running(tenant));
          for (const lease of leases) {
            const held = { taskId: lease.task.id, epoch: lease.epoch };
            if ((round + n) % 4 === 0) await node(n).claims.release(tenant.caller, held);
            else {
              await complete(tenant, lease, n);
              done++;
            }
          }
        }
      };

      await Promise.all(agents.map(work));

      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(limit);
      expect(done).toBe(60);
    },
  );

  it('gives to a hundred claims at once no more than its limit', async () => {
    const tenant = await given.tenant();
    await make(tenant, 100);
    await setLimit(tenant, 7);
    const agents = await Promise.all(Array.from({ length: 20 }, (_, n) => tenant.agent(`agent ${n}`)));

    const claims = Array.from({ length: 100 }, (_, n) =>
      node(n).claims.claim(tenant.caller, { agentId: agents[n % 20]?.id ?? '', limit: 1 + (n % 3) }),
    );
    const claimed = (await Promise.all(claims)).flat();

    expect(claimed.length).toBeGreaterThan(0);
    expect(claimed.length).toBeLessThanOrEqual(7);
    expect(await running(tenant)).toBe(claimed.length);
    expect(await tenant.claim(agents[0] as Agent, { limit: 9 })).toHaveLength(7 - claimed.length);
  });

  it('counts what was assigned to an agent, what waits for input, and what a completion claims next', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    const own = await tenant.task({ concurrencyKey: 'disk', assignedTo: tenant.bob.id });
    await make(tenant, 3);
    await setLimit(tenant, 2);
    const [one] = await tenant.claim(tenant.ada);
    await given.node.inputs.awaitInput(tenant.caller, { taskId: one?.task.id ?? '', epoch: 1 });
    expect((await tenant.claim(tenant.bob)).map(({ task }) => task.id)).toEqual([own.id]);
    expect(await tenant.claim(tenant.bob)).toEqual([]);

    const { next } = await given.node.claims.completeAndClaim(tenant.caller, { taskId: own.id, epoch: 1 }, null, {
      agentId: tenant.bob.id,
    });
    expect(next?.task.concurrencyKey).toBe('disk');
    expect(await tenant.claim(tenant.ada)).toEqual([]);
    expect(await running(tenant)).toBe(2);
  });

  it('has a limit that is set, raised, lowered and stopped over HTTP; what runs above it goes on', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    await make(tenant, 10);
    const path = '/v1/tasks/concurrency-limit';
    const set = (limit: unknown) => tenant.http.put<Limit>(path, { key: 'disk', limit });
    const now = async () => (await tenant.http2.get<Limit>(`${path}?key=disk`)).body;
    expect(await now()).toEqual({ key: 'disk', limit: 1, running: 0 });

    expect((await set(4)).body).toEqual({ key: 'disk', limit: 4, running: 0 });
    const leases = await tenant.claim(tenant.ada, { limit: 9 });
    expect(leases).toHaveLength(4);
    await set(2);
    expect(await now()).toEqual({ key: 'disk', limit: 2, running: 4 });
    for (const lease of leases.slice(0, 2)) await complete(tenant, lease);
    expect(await tenant.claim(tenant.ada)).toEqual([]);
    await complete(tenant, leases[2] as Lease);
    expect(await tenant.claim(tenant.ada, { limit: 9 })).toHaveLength(1);
    await set(0);
    await complete(tenant, leases[3] as Lease);
    expect(await tenant.claim(tenant.ada)).toEqual([]);
    for (const bad of [-1, 1.5, '3', 1_000_001, null]) expect((await set(bad)).status).toBe(400);
    expect((await tenant.http.get(`${path}?key=none`)).status).toBe(404);
  });

  it.each<[string, (tenant: Tenant, lease: Lease) => Promise<unknown>]>([
    ['completed', (tenant, lease) => complete(tenant, lease)],
    ['released', ({ caller }, { task, epoch }) => given.node.claims.release(caller, { taskId: task.id, epoch })],
    [
      'cancelled',
      async ({ caller }, { task, epoch }) => {
        await given.node.inputs.awaitInput(caller, { taskId: task.id, epoch });
        await given.node.interventions.cancel(caller, task.id);
      },
    ],
    ['allowed one more', (tenant) => setLimit(tenant, 2)],
  ])('wakes a claim that waits on the other node as soon as its task is %s', async (_, act) => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    await make(tenant, 2);
    const [lease] = await tenant.claim(tenant.ada);
    const waiting = tenant.http2.post<{ leases: unknown[] }>('/v1/tasks/claim', {
      agentId: tenant.bob.id,
      waitSeconds: 20,
    });
    const first = await Promise.race([waiting.then(() => 'answered'), setTimeoutOf(150)]);
    expect(first).toBe('waits');

    await act(tenant, lease as Lease);

    const since = performance.now();
    expect((await waiting).body.leases).toHaveLength(1);
    // Sooner or later than the look of every second makes no difference to correctness; hours would.
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  it('keeps nobody else waiting: what stands behind its tasks is claimed, in order', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    await make(tenant, 300);
    await make(tenant, 300, 'network');
    const free = [await tenant.task({ title: 'one' }), await tenant.task({ title: 'two', type: 'other' })];
    expect(await tenant.claim(tenant.ada, { limit: 2 })).toHaveLength(2);

    const leases = await tenant.claim(tenant.bob, { limit: 9 });

    expect(leases.map(({ task }) => task.id).sort()).toEqual(free.map(({ id }) => id).sort());
    expect(await running(tenant)).toBe(1);
  });

  it('that is being counted by another claim keeps nobody waiting either', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    await make(tenant, 3);
    const free = await tenant.task();
    await using other = await given.second.transactions.begin();
    await other.query(`SELECT key FROM task_concurrency WHERE tenant_id = $1 FOR UPDATE`, [tenant.tenantId]);

    expect((await tenant.claim(tenant.ada, { limit: 3 })).map(({ task }) => task.id)).toEqual([free.id]);
  });

  it('is a place of its own for each tenant', async () => {
    for (const tenant of [await given.workspace({ agents: ['ada'] }), await given.workspace({ agents: ['ada'] })]) {
      await make(tenant, 2);
      expect(await tenant.claim(tenant.ada, { limit: 2 })).toHaveLength(1);
    }
  });
});

const setTimeoutOf = (ms: number) => new Promise<string>((resolve) => setTimeout(() => resolve('waits'), ms));
