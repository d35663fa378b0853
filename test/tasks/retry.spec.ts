import { v7 as uuidv7 } from 'uuid';
import { aTask, startGiven, type Tenant } from '../support/given.js';

interface Retried {
  items: { id: string }[];
  refused: { taskId: string; code: string }[];
  hasMore: boolean;
}

describe('trying dead tasks again', () => {
  const given = startGiven({ nodes: 2 });

  const die = async (tenant: Tenant, count: number, more = {}) => {
    const made = await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: count }, () => aTask({ maxAttempts: 1, ...more })),
    );
    await tenant.rows(
      `UPDATE tasks SET status = 'failed', attempt = 1, epoch = 1, completed_at = now(), error = '{"code":"x"}'
         WHERE tenant_id = $1 AND id = ANY ($2)`,
      made.map(({ id }) => id),
    );
    return made.map(({ id }) => id);
  };

  it('gives one all its attempts anew, ready at once', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task({ maxAttempts: 2 });
    for (let n = 0; n < 2; n++) {
      const [lease] = await tenant.claim(tenant.ada);
      await given.node.claims.fail(
        tenant.caller,
        { taskId: id, epoch: lease?.epoch ?? 0 },
        { code: 'x', message: 'y' },
      );
    }
    expect((await tenant.get(id)).status).toBe('failed');

    expect(await tenant.http2.post(`/v1/tasks/${id}/retry`)).toMatchObject({
      status: 200,
      body: { task: { id, status: 'pending', attempt: 0, epoch: 2, assignedTo: null, completedAt: null } },
    });
    expect(await tenant.http.post(`/v1/tasks/${id}/retry`)).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition' },
    });
    const [lease] = await tenant.claim(tenant.ada);
    expect(lease).toMatchObject({ epoch: 3, task: { id, attempt: 1 } });
    await expect(given.node.claims.complete(tenant.caller, { taskId: id, epoch: 2 })).rejects.toMatchObject({
      code: 'lease_lost',
    });
  });

  it.each(['pending', 'in_progress', 'completed', 'cancelled'])('is refused for one that is %s', async (status) => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task();
    if (status === 'cancelled') await given.node.interventions.cancel(tenant.caller, id);
    else if (status !== 'pending') await tenant.claim(tenant.ada);
    if (status === 'completed') await given.node.claims.complete(tenant.caller, { taskId: id, epoch: 1 });

    const refused = { code: 'invalid_transition', taskStatus: status };
    expect(await tenant.http.post(`/v1/tasks/${id}/retry`)).toMatchObject({ status: 409, body: refused });
    expect((await tenant.http.post('/v1/tasks/retry', { ids: [id] })).body).toEqual({
      items: [],
      refused: [{ taskId: id, code: 'invalid_transition' }],
      hasMore: false,
    });
  });

  it('is done for many, each answered for itself, in a repeatable request as well', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const dead = await die(tenant, 3);
    const late = await die(tenant, 1, { deadline: new Date(Date.now() + 60_000) });
    await tenant.rows(`UPDATE tasks SET deadline = now() WHERE tenant_id = $1 AND id = $2`, late[0]);
    const [waiting, unknown] = [tenant.tasks[0]?.id ?? '', uuidv7()];
    const ids = [...dead, ...late, waiting, unknown];

    const send = () =>
      tenant.http.post<Retried>('/v1/tasks/retry', { ids }, { headers: { 'idempotency-key': 'again' } });
    const { status, body } = await send();

    expect([status, body.hasMore]).toEqual([200, false]);
    expect(body.items.map(({ id }) => id).sort()).toEqual(dead.toSorted());
    expect(Object.fromEntries(body.refused.map(({ taskId, code }) => [taskId, code]))).toEqual({
      [late[0] ?? '']: 'deadline_passed',
      [waiting]: 'invalid_transition',
      [unknown]: 'not_found',
    });
    expect((await send()).body).toEqual(body);
    expect(await tenant.claim(tenant.ada, { limit: 9 })).toHaveLength(4);
    expect((await tenant.events.all()).filter(({ type }) => type === 'task.retried')).toHaveLength(3);
  });

  it('goes by type and workspace, a thousand a call, until none is left', async () => {
    const tenant = await given.tenant();
    const [builds, others] = [await die(tenant, 1_005), await die(tenant, 2, { type: 'other' })];
    const retry = async (body: object) => (await tenant.http.post<Retried>('/v1/tasks/retry', body)).body;

    const first = await retry({ types: ['build'], workspaceIds: [tenant.workspace.id] });
    expect([first.items.length, first.hasMore]).toEqual([1_000, true]);
    const second = await retry({ types: ['build'], workspaceIds: [tenant.workspace.id] });
    expect([second.items.length, second.hasMore]).toEqual([5, false]);
    expect([...first.items, ...second.items].map(({ id }) => id).sort()).toEqual(builds.toSorted());
    expect((await retry({ workspaceIds: [tenant.workspace.id] })).items.map(({ id }) => id).sort()).toEqual(
      others.toSorted(),
    );
    expect(await tenant.http.post('/v1/tasks/retry', {})).toMatchObject({
      status: 400,
      body: { code: 'invalid_input' },
    });
  });

  it('puts one back once, by however many who ask at the same time', async () => {
    const tenant = await given.tenant();
    const [id = ''] = await die(tenant, 1);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? tenant.http : tenant.http2).post(`/v1/tasks/${id}/retry`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(409)]);
    expect((await tenant.events.of(id)).filter((type) => type === 'task.retried')).toHaveLength(1);
  });
});
