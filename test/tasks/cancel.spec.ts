import type { Agent } from '../../src/agents/index.js';
import type { Task } from '../../src/tasks/index.js';
import { outcomes, startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

interface Cancelled {
  task: Task;
  cancelled: number;
  requested: number;
  code?: string;
}

describe('cancelling', () => {
  const given = startGiven({ nodes: 2 });

  const cancel = ({ http2 }: Tenant, id: string, body: object = {}) =>
    http2.post<Cancelled>(`/v1/tasks/${id}/cancel`, body);
  const claim = async (tenant: Tenant, agent: Agent) => {
    const [lease] = await tenant.claim(agent);
    return { taskId: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 };
  };
  /** A task whose holder is asked to stop. */
  const asked = async (more = {}) => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task(more);
    const held = await claim(tenant, tenant.ada);
    expect((await cancel(tenant, id, { reason: 'no need' })).status).toBe(200);
    return { ...tenant, tenant, id, held };
  };

  it('ends a task that nobody works on at once, with the reason', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task();

    expect(await cancel(tenant, id, { reason: 'no need' })).toMatchObject({
      status: 200,
      body: {
        cancelled: 1,
        requested: 0,
        task: { status: 'cancelled', cancelReason: 'no need', error: { message: 'no need' } },
      },
    });
    expect(await tenant.claim(tenant.ada)).toEqual([]);
    expect(await cancel(tenant, id)).toMatchObject({ status: 409, body: { code: 'invalid_transition' } });
    expect(await tenant.events.of(id)).toEqual(['task.created', 'task.cancelled']);
  });

  it('ends a failed task, and no completed one', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const [dead, done] = [await tenant.task({ maxAttempts: 1 }), await tenant.task()];
    await given.node.claims.fail(tenant.caller, await claim(tenant, tenant.ada), { code: 'x', message: 'y' });
    await given.node.claims.complete(tenant.caller, await claim(tenant, tenant.ada));

    expect((await cancel(tenant, dead.id)).body).toMatchObject({ cancelled: 1, task: { status: 'cancelled' } });
    expect(await cancel(tenant, done.id)).toMatchObject({ status: 409, body: { code: 'invalid_transition' } });
  });

  it('asks a holder to stop, who hears of it with its next heartbeat and keeps the task meanwhile', async () => {
    const { tenant, id, held, caller, http } = await asked();

    expect(await tenant.get(id)).toMatchObject({ status: 'in_progress', cancelReason: 'no need', epoch: 1 });
    const beat = await http.post('/v1/tasks/heartbeat', { leases: [held] });
    expect(beat.body).toMatchObject({ results: [{ taskId: id, status: 'in_progress', cancelRequested: true }] });
    expect((await cancel(tenant, id)).body).toMatchObject({
      cancelled: 0,
      requested: 0,
      task: { status: 'in_progress' },
    });
    expect(await given.node.claims.progress(caller, held, { percent: 99 })).toMatchObject({ progress: 99 });
    expect(await tenant.events.of(id)).toEqual([
      'task.created',
      'task.claimed',
      'task.cancel_requested',
      'task.progressed',
    ]);
  });

  it.each(['release', 'fail', 'lose', 'time out'])('is done when the holder lets the task %s', async (how) => {
    const { tenant, id, held, caller, rows } = await asked();
    const { claims } = given.node;
    if (how === 'release') await claims.release(caller, held, 'stopped');
    else if (how === 'fail') await claims.fail(caller, held, { code: 'x', message: 'y' });
    else {
      await rows(
        `UPDATE tasks SET ${how === 'lose' ? 'lease_expires_at' : 'timeout_at'} = now() - interval '1 s' WHERE tenant_id = $1`,
      );
      await until(async () => {
        await given.node.sweep();
        return (await tenant.get(id)).status !== 'in_progress';
      });
    }

    expect(await tenant.get(id)).toMatchObject({
      status: 'cancelled',
      leaseExpiresAt: null,
      completedAt: expect.any(Date) as Date,
    });
    expect((await tenant.events.of(id)).slice(2)).toEqual(['task.cancel_requested', 'task.cancelled']);
    expect(await tenant.claim(tenant.ada)).toEqual([]);
  });

  it('loses to a completion', async () => {
    const { tenant, id, held, caller } = await asked();
    expect(await given.node.claims.complete(caller, held, 'done')).toMatchObject({ status: 'completed' });
    expect((await tenant.events.of(id)).at(-1)).toBe('task.completed');
  });

  it('does not let its holder wait for input, and ends at once what waits for it', async () => {
    const { id, held, http } = await asked();
    expect(await http.post(`/v1/tasks/${id}/await-input`, { epoch: held.epoch })).toMatchObject({
      status: 409,
      body: { code: 'cancel_requested', reason: 'no need' },
    });

    const tenant = await given.workspace({ agents: ['ada'] });
    const waiting = await tenant.task();
    const mine = await claim(tenant, tenant.ada);
    await given.node.inputs.awaitInput(tenant.caller, mine);
    expect((await cancel(tenant, waiting.id)).body).toMatchObject({
      cancelled: 1,
      task: { status: 'cancelled', awaitingSince: null },
    });
    await expect(given.node.claims.complete(tenant.caller, mine)).rejects.toMatchObject({ code: 'invalid_transition' });
    expect(await tenant.rows('SELECT outcome FROM task_attempts WHERE tenant_id = $1')).toEqual([
      { outcome: 'cancelled' },
    ]);
  });

  it('with tree reaches all below: what waits ends, who holds is asked, what is done stays', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const root = await tenant.task({ type: 'root' });
    const child = async (parent: Task, type: string) => tenant.task({ parentTaskId: parent.id, type });
    const [done, held, waiting] = [await child(root, 'done'), await child(root, 'held'), await child(root, 'waiting')];
    const below = [await child(done, 'deep'), await child(held, 'deep'), await child(waiting, 'deep')];
    const other = await tenant.task({ type: 'other' });
    const dependant = await tenant.task({ type: 'other', dependsOn: [{ taskId: waiting.id, onFailure: 'fail' }] });
    await tenant.claim(tenant.ada, { types: ['done', 'held'], limit: 2 });
    await given.node.claims.complete(tenant.caller, { taskId: done.id, epoch: 1 });

    const { body } = await cancel(tenant, root.id, { tree: true, reason: 'all' });

    expect(body).toMatchObject({ cancelled: 5, requested: 1, task: { id: root.id, status: 'cancelled' } });
    const status = async (tasks: Task[]) => Promise.all(tasks.map(async ({ id }) => (await tenant.get(id)).status));
    expect(await status([root, done, held, waiting])).toEqual(['cancelled', 'completed', 'in_progress', 'cancelled']);
    expect(await status(below)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(await status([other, dependant])).toEqual(['pending', 'failed']);
    expect((await tenant.events.of(dependant.id)).filter((type) => type === 'task.failed')).toHaveLength(1);
  });

  it('with tree leaves what has failed below it as it ended, but not what is below that', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const root = await tenant.task({ type: 'root' });
    const failed = await tenant.task({ parentTaskId: root.id, type: 'child', maxAttempts: 1 });
    const below = await tenant.task({ parentTaskId: failed.id, type: 'deep' });
    await tenant.claim(tenant.ada, { types: ['child'] });
    await given.node.claims.fail(
      tenant.caller,
      { taskId: failed.id, epoch: 1 },
      { code: 'broken', message: 'It broke.' },
    );

    expect((await cancel(tenant, root.id, { tree: true })).body).toMatchObject({ cancelled: 2, requested: 0 });
    expect(await tenant.get(failed.id)).toMatchObject({ status: 'failed', error: { code: 'broken' } });
    expect((await tenant.get(below.id)).status).toBe('cancelled');
  });

  it('without tree leaves what is below, and a cancelled parent takes no more subtasks', async () => {
    const tenant = await given.workspace();
    const root = await tenant.task();
    const child = await tenant.task({ parentTaskId: root.id });
    await cancel(tenant, root.id);

    expect((await tenant.get(child.id)).status).toBe('pending');
    const refused = { status: 409, body: { code: 'parent_cancelled', parentTaskId: root.id } };
    const item = { type: 'x', title: 'y', parentTaskId: root.id };
    expect(await tenant.http.post('/v1/tasks', item)).toMatchObject(refused);
    expect(await tenant.http.post('/v1/tasks/batch', { tasks: [item] })).toMatchObject(refused);
  });

  it('lets no subtask slip through that is made in the same moment on the other node, ×20', async () => {
    for (let round = 0; round < 20; round++) {
      const tenant = await given.workspace();
      const root = await tenant.task();
      const middle = await tenant.task({ parentTaskId: root.id });
      const make = (parentTaskId: string, n: number) =>
        n % 3 === 0
          ? given.second.tasks.createBatch(tenant.caller, [{ type: 'x', title: 'y', parentTaskId }])
          : (given.nodes[n % 2] ?? given.node).tasks.create(tenant.caller, { type: 'x', title: 'y', parentTaskId });

      const [cancelled, ...made] = await Promise.allSettled([
        given.node.interventions.cancel(tenant.caller, root.id, { tree: true }),
        ...Array.from({ length: 12 }, (_, n) => make(n % 2 ? root.id : middle.id, n)),
      ]);

      expect(cancelled.status).toBe('fulfilled');
      expect([...new Set(outcomes(made))].filter((one) => !/fulfilled|parent_cancelled/.test(one))).toEqual([]);
      expect(await tenant.rows(`SELECT id FROM tasks WHERE tenant_id = $1 AND status <> 'cancelled'`)).toEqual([]);
    }
  });

  it('meets the completion of its task: one of the two wins, ×40', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 40 });
    const leases = await tenant.claim(tenant.ada, { limit: 40 });
    const results = await Promise.allSettled(
      leases.flatMap(({ task, epoch }) => [
        given.second.interventions.cancel(tenant.caller, task.id),
        given.node.claims.complete(tenant.caller, { taskId: task.id, epoch }),
      ]),
    );
    expect(new Set(outcomes(results).filter((_, n) => n % 2 === 0))).not.toContain('serialization_conflict');
    expect(new Set(outcomes(results).filter((_, n) => n % 2 === 1))).toEqual(new Set(['fulfilled']));
    expect(await tenant.rows(`SELECT id FROM tasks WHERE tenant_id = $1 AND status <> 'completed'`)).toEqual([]);
  });
});
