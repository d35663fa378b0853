import type { Agent } from '../../src/agents/index.js';
import { type ClaimOptions, type Lease, Sweeper } from '../../src/tasks/index.js';
import { aTask, outcomes, startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

describe('a lease that is over', () => {
  const given = startGiven({ nodes: 2 });

  const sweepers = () => given.nodes.map((node) => node.get(Sweeper));
  const sweep = () => Promise.all(sweepers().map((sweeper) => sweeper.sweep()));
  const claim = async (tenant: Tenant, agent: Agent, options: Partial<ClaimOptions> = {}) => {
    const leases = await tenant.claim(agent, options);
    return leases.map(({ task, epoch }: Lease) => ({ taskId: task.id, epoch }));
  };
  /** As if the time of every lease of the tenant had passed. */
  const expire = ({ rows }: Tenant) =>
    rows(
      `UPDATE tasks SET lease_expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND lease_expires_at IS NOT NULL`,
    );
  const outcomesOf = async ({ rows }: Tenant, taskId: string) =>
    (
      await rows<{ outcome: string }>(
        'SELECT outcome FROM task_attempts WHERE tenant_id = $1 AND task_id = $2 ORDER BY epoch',
        taskId,
      )
    ).map(({ outcome }) => outcome);

  it('is found by itself, and the task goes to the next who asks', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'], tasks: 1 });
    const [held] = await claim(tenant, tenant.ada, { leaseSeconds: 1 });
    const id = held?.taskId ?? '';

    await until(async () => (await tenant.get(id)).status === 'pending');

    expect(await tenant.get(id)).toMatchObject({ assignedTo: null, attempt: 1, error: { code: 'lease_expired' } });
    const [next] = await tenant.claim(tenant.bob);
    expect(next).toMatchObject({ epoch: 2, task: { id, attempt: 2 } });
    await expect(given.node.claims.complete(tenant.caller, held ?? { taskId: id, epoch: 0 })).rejects.toMatchObject({
      code: 'lease_lost',
      details: { currentOwner: tenant.bob.id, currentEpoch: 2 },
    });
    expect(await tenant.events.of(id)).toEqual(['task.created', 'task.claimed', 'task.lease_expired', 'task.claimed']);
    expect((await tenant.events.all()).at(-2)).toMatchObject({
      actorId: 'sweeper',
      data: { outcome: 'expired', status: 'pending' },
    });
  });

  it('is not over while it is extended', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const held = await claim(tenant, tenant.ada);
    await expire(tenant);
    await given.node.claims.heartbeat(tenant.caller, held);

    await sweep();

    expect((await tenant.get(held[0]?.taskId ?? '')).status).toBe('in_progress');
  });

  it('is never taken from a person or an interactive session', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 3 });
    for (const claimKind of ['human', 'interactive', 'agent'] as const) await claim(tenant, tenant.ada, { claimKind });
    await expire(tenant);

    await until(async () => {
      await sweep();
      return (await tenant.get(tenant.tasks[2]?.id ?? '')).status === 'pending';
    });

    expect((await tenant.get(tenant.tasks[0]?.id ?? '')).status).toBe('in_progress');
    expect((await tenant.get(tenant.tasks[1]?.id ?? '')).status).toBe('in_progress');
  });

  it('fails the task when its attempts are used up', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task({ maxAttempts: 2 });
    for (const status of ['pending', 'failed']) {
      await claim(tenant, tenant.ada);
      await expire(tenant);
      await sweep();
      await until(async () => (await tenant.get(id)).status === status);
    }

    expect(await tenant.get(id)).toMatchObject({
      attempt: 2,
      error: { code: 'lease_expired' },
      completedAt: expect.any(Date) as Date,
    });
    expect(await outcomesOf(tenant, id)).toEqual(['expired', 'expired']);
    expect((await tenant.events.of(id)).slice(-2)).toEqual(['task.claimed', 'task.failed']);
  });

  it('is ended once, by however many nodes at the same time', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: 600 }, () => aTask()),
    );
    const held = (await Promise.all([256, 256, 88].map((limit) => claim(tenant, tenant.ada, { limit })))).flat();
    expect(held).toHaveLength(600);
    await expire(tenant);

    await Promise.all([sweep(), sweep()]);

    const waiting = `SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND status = 'pending' AND attempt = 1`;
    expect(await tenant.rows(waiting)).toEqual([{ n: 600 }]);
    const ended = (await tenant.events.all()).filter(({ type }) => type === 'task.lease_expired');
    expect(ended).toHaveLength(600);
    expect(new Set(ended.map(({ subjectId }) => subjectId)).size).toBe(600);
  });

  it('meets the completion of its task: one of the two wins, and the history says which, ×200', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const wins = { completed: 0, expired: 0 };
    for (let round = 0; round < 10; round++) {
      await given.node.tasks.createBatch(
        tenant.caller,
        Array.from({ length: 20 }, () => aTask()),
      );
      const held = await claim(tenant, tenant.ada, { limit: 20 });
      expect(held).toHaveLength(20);
      await expire(tenant);

      const [results] = await Promise.all([
        Promise.allSettled(
          held.map((one, n) => (given.nodes[n % 2] ?? given.node).claims.complete(tenant.caller, one)),
        ),
        sweep(),
      ]);

      await Promise.all(
        held.map(async ({ taskId }, n) => {
          const completed = results[n]?.status === 'fulfilled';
          expect(outcomes(results)[n]).toBe(completed ? 'fulfilled' : 'lease_lost');
          wins[completed ? 'completed' : 'expired']++;
          expect((await tenant.get(taskId)).status).toBe(completed ? 'completed' : 'pending');
          expect(await outcomesOf(tenant, taskId)).toEqual([completed ? 'completed' : 'expired']);
        }),
      );
      const log = await tenant.events.all();
      for (const [n, { taskId }] of held.entries()) {
        const last = results[n]?.status === 'fulfilled' ? 'task.completed' : 'task.lease_expired';
        expect(log.filter(({ subjectId }) => subjectId === taskId).map(({ type }) => type)).toEqual([
          'task.created',
          'task.claimed',
          last,
        ]);
      }
      for (const { taskId, epoch } of await claim(tenant, tenant.ada, { limit: 20 })) {
        await given.node.claims.complete(tenant.caller, { taskId, epoch });
      }
    }
    expect(wins.completed + wins.expired).toBe(200);
  });
});
