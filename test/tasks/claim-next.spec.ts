import type { Agent } from '../../src/agents/index.js';
import { query } from '../support/database.js';
import { outcomes, type RunningNode, startGiven, type Tenant } from '../support/given.js';

interface Completed {
  task: { id: string; status: string };
  next?: { task: { id: string }; epoch: number };
}

describe('a completion that claims the next task', () => {
  const given = startGiven({ nodes: 2 });

  const holding = async (tasks: number, more: { capacity?: number } = {}) => {
    const tenant = await given.tenant();
    const ada = await tenant.agent('ada', more);
    for (let n = 0; n < tasks; n++) await tenant.task({ title: `Task ${n}` });
    const [lease] = await tenant.claim(ada);
    return { ...tenant, ada, id: lease?.task.id ?? '' };
  };
  const send = (
    { http2 }: Tenant,
    id: string,
    agentId: string,
    more: { epoch?: number; headers?: Record<string, string> } = {},
  ) =>
    http2.post<Completed>(
      `/v1/tasks/${id}/complete`,
      { epoch: more.epoch ?? 1, result: 'done', claimNext: { agentId, leaseSeconds: 77 } },
      { headers: more.headers },
    );
  const held = ({ rows }: Tenant) =>
    rows<{ id: string }>(`SELECT id FROM tasks WHERE tenant_id = $1 AND status = 'in_progress'`);

  it('gets it in one answer, through all tasks, and at the end nothing', async () => {
    const tenant = await holding(5);
    const done: string[] = [];
    for (let [id, epoch]: [string | undefined, number] = [tenant.id, 1]; id;) {
      const { status, body } = await send(tenant, id, tenant.ada.id, { epoch });
      expect([status, body.task]).toMatchObject([200, { id, status: 'completed' }]);
      done.push(id);
      [id, epoch] = [body.next?.task.id, body.next?.epoch ?? 0];
    }
    expect(new Set(done).size).toBe(5);
    expect(await held(tenant)).toEqual([]);
  });

  it('can be one that waited for the completed task', async () => {
    const tenant = await holding(1);
    const { id } = await tenant.task({ dependsOn: [{ taskId: tenant.id }] });
    expect((await send(tenant, tenant.id, tenant.ada.id)).body.next?.task.id).toBe(id);
  });

  it('locks the feeds of all workspaces in one order: two nodes never wait for each other', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob', 'cleo', 'dan'] });
    const { body: lab } = await tenant.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    for (let n = 0; n < 200; n++) await tenant.task(n % 2 === 0 ? {} : { workspaceId: lab.id });
    const deadlocks = async () => {
      const [row] = await query<{ n: string }>(
        given.node.databaseUrl,
        `SELECT pg_stat_get_db_deadlocks(oid) AS n FROM pg_database WHERE datname = current_database()`,
      );
      return Number(row?.n);
    };
    const before = await deadlocks();
    const works = async (agent: Agent, { claims }: RunningNode): Promise<number> => {
      const terms = { agentId: agent.id, leaseSeconds: 77 };
      let [lease] = await claims.claim(tenant.caller, terms);
      let done = 0;
      for (; lease; done++) {
        const held = { taskId: lease.task.id, epoch: lease.epoch };
        lease = (await claims.completeAndClaim(tenant.caller, held, null, terms)).next;
      }
      return done;
    };
    const counts = await Promise.all([
      works(tenant.ada, given.node),
      works(tenant.bob, given.second),
      works(tenant.cleo, given.node),
      works(tenant.dan, given.second),
    ]);
    expect(counts.reduce((sum, n) => sum + n)).toBe(200);
    expect(await deadlocks()).toBe(before);
  });

  it('is within the capacity of its agent, for which the completed one does not count any more', async () => {
    const tenant = await holding(4, { capacity: 1 });
    const { body } = await send(tenant, tenant.id, tenant.ada.id);
    expect(body.next).toBeDefined();
    expect(await held(tenant)).toHaveLength(1);
    expect(await tenant.claim(tenant.ada)).toEqual([]);
  });

  it('leaves neither when its transaction is rolled back', async () => {
    const tenant = await holding(2);
    const undone = given.node.transactions.run({}, async () => {
      const { task, next } = await given.node.claims.completeAndClaim(
        tenant.caller,
        { taskId: tenant.id, epoch: 1 },
        'x',
        { agentId: tenant.ada.id },
      );
      expect([task.status, next?.epoch]).toEqual(['completed', 1]);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');

    expect(await held(tenant)).toEqual([{ id: tenant.id }]);
    expect((await tenant.events.all()).filter(({ type }) => type === 'task.completed')).toEqual([]);
    expect((await send(tenant, tenant.id, tenant.ada.id)).body.next).toMatchObject({ epoch: 1 });
  });

  it('is written in one transaction: both events stand side by side or not at all', async () => {
    const tenant = await holding(2);
    const { body } = await send(tenant, tenant.id, tenant.ada.id);
    const stamps = await tenant.rows<{ xmin: string }>(
      'SELECT DISTINCT xmin::text FROM tasks WHERE tenant_id = $1 AND id = ANY ($2)',
      [tenant.id, body.next?.task.id],
    );
    expect(stamps).toHaveLength(1);
  });

  it.each([
    ['an older epoch', 0, 'lease_lost'],
    ['an epoch from the future', 9, 'lease_lost'],
  ])('is not claimed when the completion is refused for %s', async (_, epoch, code) => {
    const tenant = await holding(3);
    expect(await send(tenant, tenant.id, tenant.ada.id, { epoch })).toMatchObject({ status: 409, body: { code } });
    expect(await held(tenant)).toEqual([{ id: tenant.id }]);
  });

  it('is not claimed for who completes a task that is unblocked in the same moment', async () => {
    const tenant = await holding(1);
    const waiting = await tenant.task({ dependsOn: [{ taskId: tenant.id }] });
    await tenant.task();
    const complete = (taskId: string, epoch: number) =>
      given.node.claims.completeAndClaim(tenant.caller, { taskId, epoch }, null, { agentId: tenant.ada.id });

    const results = await Promise.allSettled([complete(tenant.id, 1), complete(waiting.id, 0)]);

    expect(outcomes(results)).toEqual(['fulfilled', 'lease_lost']);
    expect(await held(tenant)).toHaveLength(1);
  });

  it('is refused before anything is done when there is no such agent', async () => {
    const tenant = await holding(2);
    expect((await send(tenant, tenant.id, tenant.id)).status).toBe(404);
    expect(await held(tenant)).toEqual([{ id: tenant.id }]);
  });

  it('is the same again for the same Idempotency-Key, and another one without', async () => {
    const tenant = await holding(4);
    const headers = { 'idempotency-key': 'once' };
    const first = await send(tenant, tenant.id, tenant.ada.id, { headers });
    expect((await send(tenant, tenant.id, tenant.ada.id, { headers })).body).toEqual(first.body);
    expect(await held(tenant)).toHaveLength(1);

    const { body } = await send(tenant, tenant.id, tenant.ada.id);
    expect(body).toMatchObject({ task: { id: tenant.id, status: 'completed' } });
    expect(body.next?.task.id).not.toBe(first.body.next?.task.id);
    expect(await held(tenant)).toHaveLength(2);
    expect((await tenant.events.of(tenant.id)).filter((type) => type === 'task.completed')).toHaveLength(1);
  });

  it('carries fifty agents through five hundred tasks on two nodes: each task once', async () => {
    const { caller, agent, events } = await given.tenant();
    await given.node.tasks.createBatch(
      caller,
      Array.from({ length: 500 }, () => ({ type: 'x', title: 'y' })),
    );
    const agents = await Promise.all(Array.from({ length: 50 }, (_, n) => agent(`agent ${n}`)));
    const done: string[] = [];
    await Promise.all(
      agents.map(async ({ id: agentId }, n) => {
        const { claims } = given.nodes[n % 2] ?? given.node;
        let [lease] = await claims.claim(caller, { agentId });
        while (lease) {
          const { task, next } = await claims.completeAndClaim(
            caller,
            { taskId: lease.task.id, epoch: lease.epoch },
            null,
            { agentId },
          );
          done.push(task.id);
          if (next) expect(next.task.assignedTo).toBe(agentId);
          lease = next;
        }
      }),
    );
    expect([done.length, new Set(done).size]).toEqual([500, 500]);
    expect((await events.all()).filter(({ type }) => type === 'task.claimed')).toHaveLength(500);
  });
});
