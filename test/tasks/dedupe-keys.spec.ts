import { v7 as uuidv7 } from 'uuid';
import { aTask, outcomes, startGiven } from '../support/given.js';

const DUPLICATE = (taskId: string | null, dedupeKey = 'nightly') => ({ code: 'duplicate_task', dedupeKey, taskId });

describe('a dedupe key', () => {
  const given = startGiven({ nodes: 2 });

  it('is given to one of two hundred who ask at once on two nodes; the others are told whose it is', async () => {
    const { caller, rows } = await given.tenant();

    const results = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) =>
        (given.nodes[n % 2] ?? given.node).tasks.create(caller, aTask({ dedupeKey: 'nightly' })),
      ),
    );

    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.id] : []));
    expect(made).toHaveLength(1);
    expect(await rows('SELECT id FROM tasks WHERE tenant_id = $1')).toEqual([{ id: made[0] }]);
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      expect(result.reason).toMatchObject({
        code: 'duplicate_task',
        details: { dedupeKey: 'nightly', taskId: made[0] },
      });
    }
  });

  it('fails nobody else who creates in the same moment', async () => {
    const { caller, task } = await given.tenant();
    const { id } = await task({ dedupeKey: 'nightly' });

    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, n) =>
        given.node.tasks.create(caller, aTask(n % 3 === 0 ? { dedupeKey: 'nightly' } : { dedupeKey: `own ${n}` })),
      ),
    );

    expect(outcomes(results)).toEqual(results.map((_, n) => (n % 3 === 0 ? 'duplicate_task' : 'fulfilled')));
    expect(results[0]).toMatchObject({ reason: { details: { taskId: id } } });
  });

  it('is refused over HTTP with 409 and the id of the open task, with an Idempotency-Key as well', async () => {
    const { http, http2, task } = await given.tenant();
    const { id } = await task({ dedupeKey: 'a (b), =c)' });
    const body = aTask({ dedupeKey: 'a (b), =c)' });
    const expected = { status: 409, body: DUPLICATE(id, 'a (b), =c)') };

    expect(await http2.post('/v1/tasks', body)).toMatchObject(expected);
    const headers = { 'idempotency-key': uuidv7() };
    expect(await http.post('/v1/tasks', body, { headers })).toMatchObject(expected);
    expect(await http.post('/v1/tasks', body, { headers })).toMatchObject(expected);
  });

  it.each(['completed', 'failed', 'cancelled', 'deleted'])('is free again when its task is %s', async (end) => {
    const { caller, task, claim, ada } = await given.workspace({ agents: ['ada'] });
    const { id } = await task({ dedupeKey: 'nightly', maxAttempts: 1 });
    const { claims, interventions, tasks } = given.node;
    if (end === 'cancelled') await interventions.cancel(caller, id);
    else if (end === 'deleted') await tasks.delete(caller, id);
    else {
      const [lease] = await claim(ada);
      const held = { taskId: id, epoch: lease?.epoch ?? 0 };
      await expect(task({ dedupeKey: 'nightly' })).rejects.toMatchObject({ code: 'duplicate_task' });
      if (end === 'completed') await claims.complete(caller, held);
      else await claims.fail(caller, held, { code: 'x', message: 'y' });
    }

    await expect(task({ dedupeKey: 'nightly' })).resolves.toMatchObject({ dedupeKey: 'nightly' });
    await expect(task({ dedupeKey: 'nightly' })).rejects.toMatchObject({ code: 'duplicate_task' });
  });

  it('stays taken while its task is tried again', async () => {
    const { caller, task, claim, ada } = await given.workspace({ agents: ['ada'] });
    const { id } = await task({ dedupeKey: 'nightly' });
    const [lease] = await claim(ada);
    await given.node.claims.fail(caller, { taskId: id, epoch: lease?.epoch ?? 0 }, { code: 'x', message: 'y' });

    await expect(task({ dedupeKey: 'nightly' })).rejects.toMatchObject({ details: { taskId: id } });
  });

  it('belongs to a tenant', async () => {
    const [a, b] = [await given.tenant(), await given.tenant()];
    await Promise.all([a.task({ dedupeKey: 'nightly' }), b.task({ dedupeKey: 'nightly' })]);
  });

  it('refuses a batch as a whole and names the task of the batch and the open one', async () => {
    const { http, task, rows } = await given.tenant();
    const { id } = await task({ dedupeKey: 'nightly' });
    const send = (...keys: (string | undefined)[]) =>
      http.post('/v1/tasks/batch', { tasks: keys.map((dedupeKey) => aTask(dedupeKey ? { dedupeKey } : {})) });

    expect(await send(undefined, 'other', 'nightly', undefined)).toMatchObject({
      status: 409,
      body: { ...DUPLICATE(id), field: 'tasks[2].dedupeKey' },
    });
    expect(await send('twice', 'other', 'twice')).toMatchObject({
      status: 409,
      body: { ...DUPLICATE(null, 'twice'), field: 'tasks[2].dedupeKey' },
    });
    expect(await rows('SELECT id FROM tasks WHERE tenant_id = $1')).toEqual([{ id }]);
    expect(await send('one', 'two')).toMatchObject({ status: 201 });
  });

  it('that another task has by now keeps a dead one from being tried again', async () => {
    const { caller, http, task, claim, ada, get } = await given.workspace({ agents: ['ada'] });
    const dead = await task({ dedupeKey: 'nightly', maxAttempts: 1 });
    const free = await task({ maxAttempts: 1 });
    for (const { task: one, epoch } of await claim(ada, { limit: 2 })) {
      await given.node.claims.fail(caller, { taskId: one.id, epoch }, { code: 'x', message: 'y' });
    }
    const { id } = await task({ dedupeKey: 'nightly' });

    expect(await http.post(`/v1/tasks/${dead.id}/retry`)).toMatchObject({ status: 409, body: DUPLICATE(id) });
    const answer = await http.post(
      '/v1/tasks/retry',
      { types: ['build'] },
      { headers: { 'idempotency-key': uuidv7() } },
    );
    expect(answer).toMatchObject({
      status: 200,
      body: { items: [{ id: free.id }], refused: [{ taskId: dead.id, code: 'duplicate_task' }], hasMore: false },
    });
    expect((await get(dead.id)).status).toBe('failed');
    expect((await get(free.id)).status).toBe('pending');
  });
});
