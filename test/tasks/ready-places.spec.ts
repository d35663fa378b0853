import fc from 'fast-check';
import type { Agent } from '../../src/agents/index.js';
import type { CreateTask } from '../../src/tasks/index.js';
import { AT_ONCE, aTask, startGiven, startNode, type Tenant } from '../support/given.js';
import { query, scratchDatabase } from '../support/database.js';
import { until } from '../support/until.js';

describe('the place from which a node looks for ready tasks', () => {
  const given = startGiven({ nodes: 2 });

  const ids = async (tenant: Tenant, agent: Agent, n = 0, limit = 1) =>
    (await (given.nodes[n] ?? given.node).claims.claim(tenant.caller, { agentId: agent.id, limit })).map(
      ({ task }) => task.id,
    );

  const epochOf = async ({ rows }: Tenant, id: string): Promise<number> => {
    const [row] = await rows<{ epoch: number }>('SELECT epoch FROM tasks WHERE tenant_id = $1 AND id = $2', id);
    return row?.epoch ?? 0;
  };

  it('does not hide a task that became visible late, by a slow transaction, beyond the full look', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 40 });
    // In a workspace of its own: until the commit nobody else writes an event there.
    const { body: lab } = await tenant.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    const slow = await given.second.transactions.begin();
    const { id } = await slow.execute(() =>
      given.second.tasks.create(tenant.caller, aTask({ title: 'late', workspaceId: lab.id })),
    );
    // So old that no hint from the other node leads back to it.
    await slow.query(`UPDATE tasks SET ready_at = now() - interval '1 h' WHERE tenant_id = $1 AND id = $2`, [
      tenant.tenantId,
      id,
    ]);
    // The marks of the first node go past it.
    const after = await Promise.all(Array.from({ length: 5 }, () => tenant.task()));
    for (const task of tenant.tasks) expect(await ids(tenant, tenant.ada)).toEqual([task.id]);
    expect(await ids(tenant, tenant.ada)).toEqual([after[0]?.id]);
    await slow.commit();

    // There is always something behind it, so only a full look finds it.
    const since = performance.now();
    await until(
      async () => (await ids(tenant, tenant.ada)).includes(id) || (await tenant.task(), false),
      'found',
      5_000,
    );
    expect(performance.now() - since).toBeLessThan(2_500);
  });

  it('goes back for what becomes ready on the other node', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    for (let round = 0; round < 20; round++) {
      const blocker = await tenant.task({ priority: 'high' });
      const waiting = await tenant.task({ dependsOn: [{ taskId: blocker.id }] });
      const back = await tenant.task();
      expect(await ids(tenant, tenant.ada, 0, 2)).toEqual([blocker.id, back.id]);
      await given.second.claims.release(tenant.caller, { taskId: back.id, epoch: 1 });
      await given.second.claims.complete(tenant.caller, { taskId: blocker.id, epoch: 1 });
      const found = await ids(tenant, tenant.ada, 0, 9);
      expect(found.sort()).toEqual([waiting.id, back.id].sort());
      for (const taskId of found) {
        await given.node.claims.complete(tenant.caller, { taskId, epoch: taskId === waiting.id ? 1 : 2 });
      }
    }
  });

  it('loses nothing in a hundred histories at random on two nodes', async () => {
    const step = fc.record({
      node: fc.constantFrom(0, 1),
      what: fc.constantFrom('create', 'batch', 'claim', 'claim', 'complete', 'release', 'raise', 'delay', 'retry'),
      priority: fc.constantFrom('high', 'normal', 'low'),
      type: fc.constantFrom('a', 'b'),
    });
    const tenant = await given.workspace({ agents: ['ada'] });
    const run = async (steps: { node: number; what: string; priority: 'high' | 'normal' | 'low'; type: string }[]) => {
      const held: { taskId: string; epoch: number }[] = [];
      for (const { node: n, what, priority, type } of steps) {
        const { tasks, claims } = given.nodes[n] ?? given.node;
        const one = held[0];
        if (what === 'create') await tasks.create(tenant.caller, aTask({ priority, type, retry: AT_ONCE }));
        else if (what === 'batch')
          await tasks.createBatch(tenant.caller, [
            aTask({ priority, type, retry: AT_ONCE }),
            aTask({ type, retry: AT_ONCE }),
          ]);
        else if (what === 'delay')
          await tasks.create(tenant.caller, aTask({ priority, type, runAt: new Date(Date.now() + 20) }));
        else if (what === 'claim') {
          const leases = await claims.claim(tenant.caller, { agentId: tenant.ada.id, limit: 2 });
          held.push(...leases.map(({ task, epoch }) => ({ taskId: task.id, epoch })));
        } else if (one && what === 'complete') await claims.complete(tenant.caller, held.shift() ?? one);
        else if (one && what === 'release') await claims.release(tenant.caller, held.shift() ?? one);
        else if (one && what === 'retry')
          await claims.fail(tenant.caller, held.shift() ?? one, { code: 'x', message: 'y' });
        else if (what === 'raise') {
          const { items } = await tasks.list(tenant.caller, { status: ['pending'], limit: 1 });
          const [task] = items;
          if (task) await tasks.update(tenant.caller, task.id, task.version, { priority }).catch(() => undefined);
        }
      }
      for (const one of held) await given.node.claims.complete(tenant.caller, one);
      // Whatever is ready is found at once by both nodes: a look that finds nothing has looked at everything.
      await until(async () => {
        const [look] = await tenant.rows<{ at: Date }>('SELECT clock_timestamp() AS at WHERE $1::uuid IS NOT NULL');
        const [a, b] = [await ids(tenant, tenant.ada, 0, 3), await ids(tenant, tenant.ada, 1, 3)];
        for (const taskId of [...a, ...b]) {
          const epoch = await epochOf(tenant, taskId);
          await given.node.claims.complete(tenant.caller, { taskId, epoch });
        }
        if (a.length + b.length > 0) return false;
        const left = await tenant.rows(
          `SELECT id FROM tasks WHERE tenant_id = $1 AND status = 'pending' AND ready_at < $2`,
          look?.at,
        );
        expect(left).toEqual([]);
        return (await tenant.rows(`SELECT id FROM tasks WHERE tenant_id = $1 AND status = 'pending'`)).length === 0;
      });
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), run), {
      numRuns: 100,
      endOnFailure: true,
    });
  });
});

describe('what stands in front of an agent that cannot do it', () => {
  const given = startGiven({ database: () => scratchDatabase() });

  /** Blocks of tables and indexes that the server has touched for this many claims. */
  const blocksOf = async (claim: () => Promise<unknown>): Promise<number> => {
    const { databaseUrl } = given.node;
    const touched = async () => {
      // What other connections have counted is seen once they have reported it, which they do when idle.
      const [row] = await query<{ n: number }>(
        databaseUrl,
        `SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit, 0) + coalesce(idx_blks_read, 0))::int AS n
           FROM pg_statio_user_tables WHERE relname IN ('tasks', 'task_lanes')`,
      );
      return row?.n ?? 0;
    };
    const settled = async () => {
      let last = await touched();
      for (let same = 0; same < 3;) {
        await new Promise((resolve) => setTimeout(resolve, 400));
        const now = await touched();
        same = now === last ? same + 1 : 0;
        last = now;
      }
      return last;
    };
    const before = await settled();
    await claim();
    return (await settled()) - before;
  };

  it('costs its claims nothing, be it twenty thousand tasks for others, of another type or elsewhere', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { body: lab } = await tenant.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    const { caller } = tenant;
    // Its reads of the tables are counted with those of the claims.
    await query(given.node.databaseUrl, 'ALTER TABLE tasks SET (autovacuum_enabled = off)');
    await query(given.node.databaseUrl, 'ALTER TABLE task_lanes SET (autovacuum_enabled = off)');
    const wanted = { types: ['mine'], workspaceIds: [tenant.workspace.id] };
    const claims = async () => {
      for (let n = 0; n < 10; n++) {
        const { id } = await tenant.task({ type: 'mine', priority: 'low' });
        expect((await tenant.claim(tenant.ada, wanted)).map(({ task }) => task.id)).toEqual([id]);
        await given.node.claims.complete(caller, { taskId: id, epoch: 1 });
      }
    };
    await claims();
    const without = await blocksOf(claims);

    const others: Partial<CreateTask>[] = [
      { type: 'mine', requiredCapabilities: ['sql'] },
      { type: 'other' },
      { type: 'mine', workspaceId: lab.id },
    ];
    // By connections that end: what idle ones have touched is counted up to ten seconds later, with the claims'.
    const loader = await startNode(given.node.databaseUrl);
    for (const more of others) {
      const tasks = Array.from({ length: 7_000 }, () => aTask({ priority: 'critical', ...more }));
      await loader.tasks.createBatch(caller, tasks);
    }
    await loader.stop();
    // As autovacuum would: a plan that was made for the empty table reads all of this one.
    await query(given.node.databaseUrl, 'ANALYZE tasks, task_lanes');
    await claims();
    const behind = await blocksOf(claims);

    expect(behind).toBeGreaterThan(0);
    // The index has grown by a level; a walk over those in front would touch thousands.
    expect(behind).toBeLessThan(without * 2 + 500);
  });
});
