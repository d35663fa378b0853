import type { Lease } from '../../src/tasks/index.js';
import { aTask, startGiven } from '../support/given.js';

/** Who got which task, of all leases that were given. */
const taskIds = (leases: readonly Lease[]): string[] => leases.map(({ task }) => task.id);

describe('claims at the same time', () => {
  const given = startGiven({ nodes: 2 });

  it('give each of 500 tasks to one of 50 agents, over two nodes, and lose none [S104][S145]', async () => {
    const { caller, agent, events } = await given.tenant();
    const created = await given.node.tasks.createBatch(
      caller,
      Array.from({ length: 500 }, () => aTask()),
    );
    const agents = await Promise.all(Array.from({ length: 50 }, (_, n) => agent(`agent ${n}`)));
    const all: Lease[] = [];

    await Promise.all(
      agents.map(async ({ id: agentId }, n) => {
        const { claims } = given.nodes[n % 2] ?? given.node;
        for (let leases: Lease[]; (leases = await claims.claim(caller, { agentId })).length > 0;) {
          all.push(...leases);
          expect(leases[0]?.task.assignedTo).toBe(agentId);
          for (const { task, epoch } of leases) await claims.complete(caller, { taskId: task.id, epoch });
        }
      }),
    );

    expect(taskIds(all).sort()).toEqual(created.map(({ id }) => id).sort());
    const log = await events.all();
    for (const type of ['task.claimed', 'task.completed']) {
      expect(new Set(log.filter((event) => event.type === type).map(({ subjectId }) => subjectId)).size).toBe(500);
    }
    expect(log).toHaveLength(1 + 3 * 500);
    expect(log.map(({ seq }) => seq)).toEqual(log.map((_, n) => n + 1));
  });

  it('never exceed the capacity of an agent, by 100 claims over two nodes', async () => {
    const { caller, agent, rows } = await given.tenant();
    await given.node.tasks.createBatch(
      caller,
      Array.from({ length: 300 }, () => aTask()),
    );
    const ada = await agent('ada', { capacity: 7 });

    const claimed = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        (given.nodes[n % 2] ?? given.node).claims.claim(caller, { agentId: ada.id, limit: 1 + (n % 4) }),
      ),
    );

    expect(claimed.flat()).toHaveLength(7);
    const held = `SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND status = 'in_progress'`;
    expect(await rows(held)).toEqual([{ n: 7 }]);
  });

  it('never exceed it from a transaction that reads what was before, which gets nothing for an agent with a capacity', async () => {
    const { caller, agent, rows } = await given.tenant();
    for (const type of ['one', 'two']) {
      await given.node.tasks.createBatch(
        caller,
        Array.from({ length: 5 }, () => aTask({ type })),
      );
    }
    const [ada, bob] = [await agent('ada', { capacity: 5 }), await agent('bob')];
    await given.node.transactions.run({ isolation: 'REPEATABLE READ' }, async () => {
      await given.node.tasks.list(caller, {});
      expect(await given.second.claims.claim(caller, { agentId: ada.id, types: ['one'], limit: 5 })).toHaveLength(5);
      expect(await given.node.claims.claim(caller, { agentId: ada.id, types: ['two'], limit: 5 })).toEqual([]);
      expect(await given.node.claims.claim(caller, { agentId: bob.id, types: ['two'], limit: 5 })).toHaveLength(5);
    });
    const held = `SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND assigned_to = $2`;
    expect(await rows(held, ada.id)).toEqual([{ n: 5 }]);
  });

  it('never exceed it while tasks are given back', async () => {
    const { caller, agent, rows } = await given.tenant();
    await given.node.tasks.createBatch(
      caller,
      Array.from({ length: 100 }, () => aTask()),
    );
    const ada = await agent('ada', { capacity: 3 });
    const held = `SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND status = 'in_progress'`;
    let most = 0;
    const work = async (n: number): Promise<void> => {
      const { claims } = given.nodes[n % 2] ?? given.node;
      for (let round = 0; round < 10; round++) {
        const leases = await claims.claim(caller, { agentId: ada.id, limit: 2 });
        most = Math.max(most, (await rows<{ n: number }>(held))[0]?.n ?? 0);
        for (const { task, epoch } of leases) await claims.release(caller, { taskId: task.id, epoch });
      }
    };

    await Promise.all(Array.from({ length: 8 }, (_, n) => work(n)));

    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('give one task to one of a hundred, a hundred times', async () => {
    const { caller, agent, task, events } = await given.tenant();
    const agents = await Promise.all(Array.from({ length: 10 }, (_, n) => agent(`agent ${n}`)));

    for (let round = 0; round < 100; round++) {
      const { id } = await task();
      const claimed = await Promise.all(
        agents.map((one, n) => (given.nodes[n % 2] ?? given.node).claims.claim(caller, { agentId: one.id })),
      );
      expect(taskIds(claimed.flat())).toEqual([id]);
    }
    expect((await events.all()).filter(({ type }) => type === 'task.claimed')).toHaveLength(100);
  });

  it('do not wait for each other: one goes on while another transaction holds its task', async () => {
    const { caller, ada, tasks } = await given.workspace({ agents: ['ada'], tasks: 2 });
    await using held = await given.node.transactions.begin();
    await held.query('SELECT id FROM tasks WHERE tenant_id = $1 AND id = $2 FOR UPDATE', [
      caller.tenantId,
      tasks[0]?.id,
    ]);

    const leases = await given.second.claims.claim(caller, { agentId: ada.id, limit: 2 });

    expect(taskIds(leases)).toEqual([tasks[1]?.id]);
  });
});
