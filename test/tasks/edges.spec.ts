import { aTask, startGiven, type Tenant } from '../support/given.js';
import type { Agent } from '../../src/agents/index.js';
import type { Lease, Task } from '../../src/tasks/index.js';

describe('tasks that wait for others', () => {
  const given = startGiven({ nodes: 2 });

  const after = (...tasks: { id: string }[]) => ({ dependsOn: tasks.map(({ id }) => ({ taskId: id })) });
  const complete = ({ caller }: Tenant, { task, epoch }: Lease, node = given.node): Promise<Task> =>
    node.claims.complete(caller, { taskId: task.id, epoch });
  /** Claims and completes until nothing is left; titles in order. */
  const drain = async (tenant: Tenant, agent: Agent): Promise<string[]> => {
    const done: string[] = [];
    for (let leases = await tenant.claim(agent); leases.length > 0; leases = await tenant.claim(agent)) {
      for (const lease of leases) done.push((await complete(tenant, lease)).title);
    }
    return done;
  };

  it('are claimed only when all that block them are completed', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const [one, two] = [await tenant.task(), await tenant.task()];
    const last = await tenant.task(after(one, two));
    const leases = await tenant.claim(tenant.ada, { limit: 10 });
    expect(leases.map(({ task }) => task.id)).toEqual([one.id, two.id]);

    for (const lease of leases) {
      expect(await tenant.claim(tenant.ada)).toEqual([]);
      await complete(tenant, lease);
    }

    const [lease] = await tenant.claim(tenant.ada);
    expect(lease?.task).toMatchObject({ id: last.id, openBlockers: 0 });
    expect(Number(lease?.task.readyAt)).toBeGreaterThanOrEqual(Number((await tenant.get(two.id)).completedAt));
  });

  it('do not wait for what is completed already, nor for links of other kinds', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const done = await tenant.task();
    await drain(tenant, tenant.ada);
    const open = await tenant.task({ assignedTo: (await tenant.agent('bob')).id });
    const links = (['related', 'parent_child', 'discovered_from'] as const).map((kind) => ({ taskId: open.id, kind }));

    const task = await tenant.task({ dependsOn: [{ taskId: done.id }, ...links] });

    expect(task.openBlockers).toBe(0);
    expect((await tenant.claim(tenant.ada))[0]?.task.id).toBe(task.id);
  });

  it('go on waiting for one that failed, was released or was deleted after its end', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const blocker = await tenant.task({ maxAttempts: 1 });
    const waiting = await tenant.task(after(blocker));
    const { claims } = given.node;
    const claimed = async () => ({ taskId: blocker.id, epoch: (await tenant.claim(tenant.ada))[0]?.epoch ?? 0 });

    await claims.release(tenant.caller, await claimed());
    expect((await tenant.get(waiting.id)).openBlockers).toBe(1);
    await claims.fail(tenant.caller, await claimed(), { code: 'x', message: 'y' });
    expect(await tenant.get(waiting.id)).toMatchObject({ openBlockers: 1, status: 'pending' });
    expect(await tenant.claim(tenant.ada)).toEqual([]);
  });

  it('come in the order of a diamond', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const top = await tenant.task({ title: 'top' });
    const left = await tenant.task({ title: 'left', ...after(top) });
    const right = await tenant.task({ title: 'right', ...after(top) });
    await tenant.task({ title: 'bottom', ...after(left, right, top) });

    expect(await drain(tenant, tenant.ada)).toEqual(['top', 'left', 'right', 'bottom']);
  });

  it('come in the order of a chain of 200, made in the reverse order', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const chain = Array.from({ length: 200 }, (_, n) => ({
      ...aTask({ title: `${n}` }),
      ref: `${n}`,
      dependsOn: n > 0 ? [{ ref: `${n - 1}` }] : [],
    }));
    await given.node.tasks.createBatch(tenant.caller, chain.toReversed());

    expect(await drain(tenant, tenant.ada)).toEqual(chain.map(({ title }) => title));
  });

  it('are released all together by the one they wait for', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const root = await tenant.task();
    await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: 500 }, () => aTask(after(root))),
    );
    const [lease] = await tenant.claim(tenant.ada);
    await complete(tenant, lease as Lease);

    expect(await tenant.claim(tenant.ada, { limit: 256 })).toHaveLength(256);
    expect(await tenant.claim(tenant.ada, { limit: 256 })).toHaveLength(244);
  });

  it.each([
    ['one by one', (tenant: Tenant, id: string) => given.second.tasks.create(tenant.caller, aTask(after({ id })))],
    [
      'in a batch',
      (tenant: Tenant, id: string) => given.second.tasks.createBatch(tenant.caller, [aTask(after({ id }))]),
    ],
  ])('never wait for ever when they are made %s while their blocker is completed, ×300', async (_, make) => {
    const tenant = await given.workspace({ agents: ['ada'] });

    for (let round = 0; round < 15; round++) {
      await given.node.tasks.createBatch(
        tenant.caller,
        Array.from({ length: 20 }, () => aTask()),
      );
      const leases = await tenant.claim(tenant.ada, { limit: 20 });
      expect(leases).toHaveLength(20);
      await Promise.all(leases.flatMap((lease) => [complete(tenant, lease), make(tenant, lease.task.id)]));

      const free = await tenant.claim(tenant.ada, { limit: 256 });
      expect(free).toHaveLength(20);
      for (const lease of free) await complete(tenant, lease);
    }

    const stuck = 'SELECT id FROM tasks WHERE tenant_id = $1 AND open_blockers <> 0';
    expect(await tenant.rows(stuck)).toEqual([]);
  });

  it('count down right when all that block them are completed at the same time on two nodes', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    for (let round = 0; round < 20; round++) {
      const blockers = await Promise.all(Array.from({ length: 8 }, () => tenant.task()));
      const waiting = await Promise.all([tenant.task(after(...blockers)), tenant.task(after(...blockers.slice(0, 4)))]);
      const leases = await tenant.claim(tenant.ada, { limit: 8 });

      await Promise.all(leases.map((lease, n) => complete(tenant, lease, given.nodes[n % 2])));

      const free = await tenant.claim(tenant.ada, { limit: 10 });
      expect(free.map(({ task }) => task.id).sort()).toEqual(waiting.map(({ id }) => id).sort());
      for (const lease of free) await complete(tenant, lease);
    }
  });

  it('are not completed by the completion of their blocker, whoever asks for it in the same moment', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const blocker = await tenant.task();
    const waiting = await tenant.task(after(blocker));
    const [lease] = await tenant.claim(tenant.ada);

    const [, early] = await Promise.allSettled([
      complete(tenant, lease as Lease),
      given.node.claims.complete(tenant.caller, { taskId: waiting.id, epoch: 0 }),
    ]);

    expect(early).toMatchObject({ status: 'rejected', reason: { code: 'lease_lost' } });
    expect((await tenant.get(waiting.id)).status).toBe('pending');
  });
});
