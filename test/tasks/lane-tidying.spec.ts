import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Sweeper } from '../../src/tasks/index.js';
import { LanesRepository } from '../../src/tasks/lanes.repository.js';
import { scratchDatabase } from '../support/database.js';
import { aTask, type RunningNode, startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

const lanesOf = async (tenant: Tenant): Promise<string[]> =>
  (await tenant.rows<{ type: string }>('SELECT type FROM task_lanes WHERE tenant_id = $1 ORDER BY 1')).map(
    ({ type }) => type,
  );

/** Open tasks that no claim would find. */
const LOST = `SELECT t.id, t.type, t.status FROM tasks t WHERE t.tenant_id = $1 AND t.completed_at IS NULL
  AND NOT EXISTS (SELECT FROM task_lanes l WHERE l.tenant_id = t.tenant_id AND l.id = t.lane)`;

describe('the tidying of lanes', () => {
  // Its own: transactions that other tests hold open keep lanes from going.
  const given = startGiven({ nodes: 2, database: () => scratchDatabase() });
  const tidy = (node = given.node): Promise<number> => node.get(Sweeper).tidyLanes();
  /** How long nodes know a lane, and how old its mark must be. */
  const soon = (knownMs: number, idleMs: number): void => {
    for (const node of given.nodes) Object.assign(node.get(LanesRepository), { knownMs, idleMs });
  };
  /** Rounds enough for a lane to go, when no transaction on the server is in the way. */
  const tidyAll = async (): Promise<void> => {
    for (let n = 0; n < 4; n++) await tidy();
  };
  const tidyTo = (tenant: Tenant, ...types: string[]): Promise<unknown> =>
    until(async () => {
      await tidy();
      return (await lanesOf(tenant)).join() === types.join();
    }, `the lanes are ${types.join()}`);

  it('removes those without open tasks, so that thousands of them cost no claim anything', async () => {
    soon(0, 0);
    const tenant = await given.workspace({ agents: ['ada'] });
    const open = await tenant.task({ type: 'open' });
    await tenant.task({ type: 'blocked', dependsOn: [{ taskId: open.id }] });
    await tenant.task({ type: 'later', runAt: new Date(Date.now() + 3_600_000) });
    await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: 3_000 }, (_, n) => ({ ...aTask({ type: `done${n}` }), status: 'completed' as const })),
    );
    await tenant.task({ type: 'held' });
    await tenant.claim(tenant.ada, { types: ['held'] });
    expect(await lanesOf(tenant)).toHaveLength(3_004);

    await tidyTo(tenant, 'blocked', 'held', 'later', 'open');
    await tidyAll();

    expect(await lanesOf(tenant)).toHaveLength(4);
  });

  it('takes none away before its time, nor one that was used meanwhile', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task();
    await tenant.claim(tenant.ada);
    await given.node.claims.complete(tenant.caller, { taskId: id, epoch: 1 });
    soon(0, 3_600_000);
    await tidyAll();
    expect(await lanesOf(tenant)).toEqual(['build']);

    soon(0, 0);
    await tidy();
    await tidy();
    const again = await tenant.task();
    await tenant.claim(tenant.ada);
    await given.node.claims.complete(tenant.caller, { taskId: again.id, epoch: 1 });
    expect([await tidy(), await tidy()]).toEqual([0, 0]);
    expect(await lanesOf(tenant)).toEqual(['build']);
    await tidyTo(tenant);
  });

  it('leaves the lane of a transaction that is not committed, though nothing else is open in it', async () => {
    soon(0, 0);
    const tenant = await given.workspace({ agents: ['ada'] });
    await tenant.task();
    const [lease] = await tenant.claim(tenant.ada);
    soon(3_600_000, 0);
    // Both know the lane now.
    for (const { tasks } of given.nodes)
      await tasks.delete(tenant.caller, (await tasks.create(tenant.caller, aTask())).id);
    await given.node.claims.complete(tenant.caller, { taskId: lease?.task.id ?? '', epoch: 1 });
    await using open = await given.second.transactions.begin();
    const made = await open.execute(() => given.second.tasks.create(tenant.caller, aTask()));

    await tidyAll();
    await open.commit();

    await tidyAll();
    expect((await tenant.claim(tenant.ada)).map(({ task }) => task.id)).toEqual([made.id]);
  });

  it('is no hindrance to a retry, a change of capabilities or a new task, whose lane comes back', async () => {
    soon(0, 0);
    const tenant = await given.workspace({ agents: ['ada'] });
    const failed = await tenant.task({ maxAttempts: 1, type: 'failed' });
    await tenant.claim(tenant.ada);
    await given.node.claims.fail(tenant.caller, { taskId: failed.id, epoch: 1 }, { code: 'x', message: 'x' });
    const moved = await tenant.task({ type: 'moved', requiredCapabilities: ['go'] });
    await tidyTo(tenant, 'moved');

    await given.second.interventions.retry(tenant.caller, failed.id);
    await given.second.tasks.update(tenant.caller, moved.id, 1, { requiredCapabilities: [] });
    const made = await given.second.tasks.create(tenant.caller, aTask({ type: 'new' }));

    const taken = (await tenant.claim(tenant.ada, { limit: 9 })).map(({ task }) => task.id);
    expect(taken.sort()).toEqual([failed.id, moved.id, made.id].sort());
  });

  it('loses no task, however often lanes go while tasks are made, moved and tried again over many connections', async () => {
    soon(20, 250);
    const tenant = await given.tenant();
    const agents = await Promise.all(Array.from({ length: 12 }, (_, n) => tenant.agent(`agent ${n}`)));
    const { caller } = tenant;
    let [removed, worked] = [0, 0];
    const began = performance.now();
    // As long as it takes to be the race that it should be.
    const over = (): boolean => performance.now() - began > (removed > 20 && worked > 100 ? 8_000 : 120_000);

    const make = async (node: RunningNode, type: string): Promise<void> => {
      const what = randomInt(10);
      if (what === 0)
        await node.tasks.createBatch(caller, [aTask({ type }), aTask({ type, requiredCapabilities: ['x'] })]);
      else if (what === 1) {
        const { id } = await node.tasks.create(caller, aTask({ type, requiredCapabilities: ['none'] }));
        await node.tasks.update(caller, id, 1, { requiredCapabilities: [] });
      } else if (what === 2) {
        await node.transactions.run({}, async () => {
          await pause(randomInt(10));
          await node.tasks.create(caller, aTask({ type }));
          // Longer than a mark must be old.
          await pause(randomInt(20) === 0 ? 400 : randomInt(60));
        });
      } else await node.tasks.create(caller, aTask({ type, maxAttempts: 1 }));
    };
    const finish = async (node: RunningNode, type: string, agentId: string): Promise<void> => {
      for (const { task, epoch } of await node.claims.claim(caller, { agentId, types: [type], limit: 5 })) {
        worked += 1;
        if (randomInt(4) > 0) await node.claims.complete(caller, { taskId: task.id, epoch });
        else {
          await node.claims.fail(caller, { taskId: task.id, epoch }, { code: 'x', message: 'x', retryable: false });
          await pause(randomInt(400));
          await node.interventions.retry(caller, task.id);
        }
      }
    };
    const work = async (agentId: string, n: number): Promise<void> => {
      const node = given.nodes[n % 2] ?? given.node;
      while (!over()) {
        const type = `type${randomInt(40)}`;
        await make(node, type);
        await finish(given.nodes[(n + 1) % 2] ?? node, type, agentId);
        await pause(randomInt(30));
      }
    };
    const tidying = async (node: RunningNode): Promise<void> => {
      while (!over()) {
        removed += await tidy(node);
        await pause(randomInt(10));
      }
    };
    const watching = async (): Promise<void> => {
      while (!over()) expect(await tenant.rows(LOST)).toEqual([]);
    };

    await Promise.all([...agents.map(({ id }, n) => work(id, n)), ...given.nodes.map(tidying), watching()]);

    expect(await tenant.rows(LOST)).toEqual([]);
    expect([removed > 20, worked > 100]).toEqual([true, true]);
  });
});
