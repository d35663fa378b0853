import { startGiven } from '../support/given.js';

describe('a task that awaits input', () => {
  const given = startGiven({ nodes: 2 });

  const held = async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    const { id } = await tenant.task({ timeoutSeconds: 100 });
    const [lease] = await tenant.claim(tenant.ada, { leaseSeconds: 30 });
    const path = `/v1/tasks/${id}`;
    const ask = (request: unknown = 'which?', epoch = 1) => tenant.http.post(`${path}/await-input`, { epoch, request });
    const answer = (input: unknown) =>
      tenant.http2.post<{ task: { leaseExpiresAt: string; timeoutAt: string } }>(`${path}/input`, { input });
    return { ...tenant, id, path, ask, answer, one: { taskId: id, epoch: lease?.epoch ?? 0 } };
  };

  it('goes on under the same epoch with what it was told', async () => {
    const { id, ask, answer, one, caller, get, events, ada } = await held();
    expect(await ask({ which: ['a', 'b'] })).toMatchObject({
      status: 200,
      body: {
        task: {
          status: 'awaiting_input',
          inputRequest: { which: ['a', 'b'] },
          input: null,
          epoch: 1,
          assignedTo: ada.id,
        },
      },
    });
    expect(await answer({ it: 'b' })).toMatchObject({
      status: 200,
      body: { task: { status: 'in_progress', input: { it: 'b' }, awaitingSince: null, epoch: 1, attempt: 1 } },
    });
    expect(await given.second.claims.complete(caller, one)).toMatchObject({ status: 'completed' });
    expect((await get(id)).input).toEqual({ it: 'b' });
    expect((await events.of(id)).slice(2, 4)).toEqual(['task.awaiting_input', 'task.input_received']);
  });

  it('is not ended by its lease or its timeout, which begin again where they stood', async () => {
    const { id, ask, answer, one, rows, get, caller } = await held();
    await ask();
    await rows(`UPDATE tasks SET claimed_at = now() - interval '1 h', lease_expires_at = now() - interval '1 h',
      timeout_at = now() - interval '1 h' + interval '90 s', awaiting_since = now() - interval '1 h' WHERE tenant_id = $1`);
    for (const node of given.nodes) await node.sweep();
    expect((await get(id)).status).toBe('awaiting_input');

    const { task } = (await answer('go on')).body;

    const left = [task.leaseExpiresAt, task.timeoutAt].map((time) => (Date.parse(time) - Date.now()) / 1_000);
    expect(left[0]).toBeGreaterThan(20);
    expect(left[0]).toBeLessThanOrEqual(30.5);
    expect(left[1]).toBeGreaterThan(80);
    expect(left[1]).toBeLessThanOrEqual(90.5);
    for (const node of given.nodes) await node.sweep();
    expect(await given.node.claims.heartbeat(caller, [one])).toMatchObject([{ status: 'in_progress' }]);
  });

  it('answers heartbeats, and can be given back', async () => {
    const { id, ask, one, caller, claim, bob, get } = await held();
    await ask();
    expect(await given.node.claims.heartbeat(caller, [one])).toMatchObject([
      { taskId: id, status: 'awaiting_input', cancelRequested: false, leaseExpiresAt: expect.any(Date) as Date },
    ]);
    await given.second.claims.release(caller, one);
    expect(await get(id)).toMatchObject({ status: 'pending', awaitingSince: null, attempt: 0, assignedTo: null });
    expect((await claim(bob))[0]).toMatchObject({ epoch: 2, task: { id, status: 'in_progress', attempt: 1 } });
  });

  it('keeps what it was told for the next attempt, and what it waited for is over', async () => {
    const { id, ask, answer, one, caller, claim, bob, get } = await held();
    await ask();
    await answer('kept');
    await given.node.claims.release(caller, one);
    expect((await claim(bob))[0]?.task).toMatchObject({ id, input: 'kept' });
    expect((await get(id)).awaitingSince).toBeNull();
  });

  it('is neither completed, failed nor moved on before it was answered', async () => {
    const { path, ask, http } = await held();
    await ask();
    for (const [verb, body] of [
      ['complete', {}],
      ['progress', { percent: 1 }],
      ['fail', { error: { code: 'x', message: 'y' } }],
      ['await-input', {}],
    ] as const) {
      const answer = await http.post(`${path}/${verb}`, { epoch: 1, ...body });
      expect([verb, answer.status, answer.body]).toMatchObject([verb, 409, { code: 'invalid_transition' }]);
    }
  });

  it('can be asked for by the holder only, and answered only where it waits', async () => {
    const { ask, answer, one, caller } = await held();
    expect(await answer('too early')).toMatchObject({ status: 409, body: { code: 'invalid_transition' } });
    expect(await ask('x', 7)).toMatchObject({ status: 409, body: { code: 'lease_lost', currentEpoch: 1 } });
    expect(await ask('x'.repeat(300_000))).toMatchObject({ status: 400, body: { errors: [{ field: 'request' }] } });
    await ask();
    expect(await answer('x'.repeat(300_000))).toMatchObject({ status: 400, body: { errors: [{ field: 'input' }] } });
    expect(await answer(undefined)).toMatchObject({ status: 400 });
    const both = await Promise.all([answer('a'), answer('b')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    await given.node.claims.release(caller, one);
    expect(await ask()).toMatchObject({ status: 409, body: { code: 'lease_lost' } });
  });
});
