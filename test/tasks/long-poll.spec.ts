import type { Agent } from '../../src/agents/index.js';
import { ApiKeysService } from '../../src/shared/auth/index.js';
import { Wakeups } from '../../src/shared/events/index.js';
import { startGiven, type Tenant } from '../support/given.js';
import type { Sending } from '../support/http-client.js';
import { until } from '../support/until.js';

interface Leases {
  leases: { epoch: number; task: { id: string } }[];
}

describe('a claim that waits for work', () => {
  const given = startGiven({ nodes: 2 });

  const claim = ({ http2 }: Tenant, agent: Agent, { signal, headers }: Sending = {}) =>
    http2.post<Leases>('/v1/tasks/claim', { agentId: agent.id, waitSeconds: 20 }, { signal, headers });
  const watched = (tenantId: string) => {
    const { watches } = given.second.get(Wakeups) as unknown as { watches: Map<string, unknown> };
    return [...watches.keys()].some((key) => key.includes(tenantId));
  };
  /** Waits on the second node; the tests change things on the first. */
  const waiting = async (tenant: Tenant, agent: Agent, more?: Sending) => {
    const answer = claim(tenant, agent, more);
    await until(() => watched(tenant.tenantId), 'the claim waits');
    const heard = new Promise<void>((resolve) => {
      const end = given.second.get(Wakeups).onWake((tenantId) => {
        if (tenantId !== tenant.tenantId) return;
        end();
        resolve();
      });
    });
    return { answer, heard };
  };

  it('gives no work to a key that was revoked meanwhile', async () => {
    const tenant = await given.tenant();
    const { answer } = await waiting(tenant, await tenant.agent('ada'));
    await given.node.get(ApiKeysService).revoke(tenant.caller, tenant.tenantId);
    expect((await answer).status).toBe(401);
  });

  it.each<[string, (tenant: Tenant & { bob: Agent }) => Promise<() => Promise<unknown>>]>([
    ['created', async (tenant) => () => tenant.task()],
    [
      'created in a batch',
      async ({ caller }) =>
        () =>
          given.node.tasks.createBatch(caller, [{ type: 'x', title: 'y' }]),
    ],
    [
      'unblocked',
      async ({ caller, task, claim, bob }) => {
        const blocker = await task();
        await task({ dependsOn: [{ taskId: blocker.id }] });
        await claim(bob);
        return () => given.node.claims.complete(caller, { taskId: blocker.id, epoch: 1 });
      },
    ],
    [
      'released',
      async ({ caller, task, claim, bob }) => {
        const { id } = await task();
        await claim(bob);
        return () => given.node.claims.release(caller, { taskId: id, epoch: 1 });
      },
    ],
    [
      'failed and is to be tried again',
      async ({ caller, task, claim, bob }) => {
        const { id } = await task();
        await claim(bob);
        return () => given.node.claims.fail(caller, { taskId: id, epoch: 1 }, { code: 'x', message: 'y' });
      },
    ],
    [
      'brought forward',
      async ({ caller, task }) => {
        const { id } = await task({ runAt: new Date(Date.now() + 3_600_000) });
        return () => given.node.tasks.update(caller, id, 1, { runAt: null });
      },
    ],
  ])('is answered as soon as a task is %s on the other node', async (_, prepare) => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    const act = await prepare(tenant);
    const { answer, heard } = await waiting(tenant, tenant.ada);

    await act();

    await heard;
    expect((await answer).body.leases).toHaveLength(1);
  });

  it('finds a task that comes due while it waits', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    await tenant.task({ runAt: new Date(Date.now() + 1_500) });
    const { answer } = await waiting(tenant, tenant.ada);

    expect((await answer).body.leases).toHaveLength(1);
  });

  it('ends empty when its time is over, and at once without one', async () => {
    const { http, ada } = await given.workspace({ agents: ['ada'] });
    const took = async (waitSeconds: number) => {
      const since = performance.now();
      expect((await http.post('/v1/tasks/claim', { agentId: ada.id, waitSeconds })).body).toEqual({ leases: [] });
      return performance.now() - since;
    };

    expect(await took(0)).toBeLessThan(900);
    const waited = await took(1);
    expect(waited).toBeGreaterThan(990);
    expect(waited).toBeLessThan(5_000);
    expect((await http.post('/v1/tasks/claim', { agentId: ada.id, waitSeconds: 31 })).status).toBe(400);
  });

  it('gives each of many that wait a task of its own', async () => {
    const tenant = await given.tenant();
    const agents = await Promise.all(Array.from({ length: 20 }, (_, n) => tenant.agent(`agent ${n}`)));
    const claims = await Promise.all(agents.map((agent) => waiting(tenant, agent)));

    for (let n = 0; n < 20; n++) await tenant.task();

    const answers = await Promise.all(claims.map(({ answer }) => answer));
    expect(new Set(answers.flatMap(({ body }) => body.leases.map(({ task }) => task.id))).size).toBe(20);
  });

  it('is answered the same again with its Idempotency-Key', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const headers = { 'idempotency-key': 'wait' };
    const { answer } = await waiting(tenant, tenant.ada, { headers });
    await tenant.task();
    await tenant.task();

    const first = await answer;

    expect(first.body.leases).toHaveLength(1);
    expect((await claim(tenant, tenant.ada, { headers })).body).toEqual(first.body);
  });

  it('takes nothing once its caller has hung up', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    const hangUp = new AbortController();
    const { answer } = await waiting(tenant, tenant.ada, { signal: hangUp.signal });
    hangUp.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await until(() => !watched(tenant.tenantId), 'nobody waits');

    const { id } = await tenant.task();

    expect((await tenant.claim(tenant.bob))[0]?.task.id).toBe(id);
  });
});
