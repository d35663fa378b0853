import { v7 as uuidv7 } from 'uuid';
import type { JsonValue } from '../../src/shared/errors/index.js';
import type { Lease } from '../../src/tasks/index.js';
import { outcomes, startGiven } from '../support/given.js';

describe('completing a task', () => {
  const given = startGiven({ nodes: 2 });

  const claimed = async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'], tasks: 1 });
    const [{ task, epoch }] = (await tenant.claim(tenant.ada)) as [Lease];
    const complete = (result: JsonValue = null, node = given.node) =>
      node.claims.complete(tenant.caller, { taskId: task.id, epoch }, result);
    return { ...tenant, id: task.id, epoch, complete };
  };

  it('keeps the result, ends the attempt and the lease', async () => {
    const { http, ada, id, epoch, get, events } = await claimed();
    const result = { answer: 42, list: ['a', null, { b: 1.5 }] };

    const { status, body } = await http.post(`/v1/tasks/${id}/complete`, { epoch, result });

    const done = {
      status: 'completed',
      result,
      progress: 100,
      error: null,
      assignedTo: ada.id,
      leaseExpiresAt: null,
      attempt: 1,
    };
    expect({ status, body }).toMatchObject({ status: 200, body: { task: done } });
    const task = await get(id);
    expect(task).toMatchObject({ ...done, completedAt: expect.any(Date) as Date });
    const { body: attempts } = await http.get(`/v1/tasks/${id}/attempts`);
    expect(attempts).toMatchObject({
      items: [
        {
          epoch,
          agentId: ada.id,
          claimKind: 'agent',
          outcome: 'completed',
          error: null,
          endedAt: task.completedAt?.toISOString(),
        },
      ],
    });
    expect(await events.of(id)).toEqual(['task.created', 'task.claimed', 'task.completed']);
  });

  it.each<[JsonValue]>([[null], [0], [false], [''], ['text'], [[]], [{}], [[null]], [1e300], ['🦊 \\ "']])(
    'keeps the result %j',
    async (result) => {
      const { http, id, epoch, get } = await claimed();

      expect((await http.post(`/v1/tasks/${id}/complete`, { epoch, result })).status).toBe(200);
      expect((await get(id)).result).toEqual(result);
    },
  );

  it('lets the holder finish a task once, even when it asks twice at the same time', async () => {
    const { complete, events, id } = await claimed();

    const results = await Promise.allSettled([complete('a'), complete('a'), complete('a', given.second)]);

    expect(outcomes(results)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(await events.of(id)).toEqual(['task.created', 'task.claimed', 'task.completed']);
  });

  it('lets one of two different results at the same time win, a hundred times', async () => {
    const { caller, ada, claim, task, get, events } = await given.workspace({ agents: ['ada'] });
    for (let round = 0; round < 100; round++) {
      const { id } = await task();
      await claim(ada);
      const results = await Promise.allSettled(
        ['a', 'b'].map((result, n) =>
          (given.nodes[(n + round) % 2] ?? given.node).claims.complete(caller, { taskId: id, epoch: 1 }, result),
        ),
      );
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      expect(outcomes(results).sort()).toEqual(['fulfilled', 'invalid_transition']);
      expect((await get(id)).result).toBe(['a', 'b'][winner]);
    }
    expect((await events.all()).filter(({ type }) => type === 'task.completed')).toHaveLength(100);
  });

  it('answers a repeat with the same result as the first time, and refuses another', async () => {
    const { http, id, epoch } = await claimed();
    const complete = (result: unknown) => http.post(`/v1/tasks/${id}/complete`, { epoch, result });
    const first = await complete({ a: 1, b: [2] });

    expect((await complete({ b: [2], a: 1 })).body).toEqual(first.body);
    expect(await complete({ a: 2 })).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition', taskStatus: 'completed', allowed: [] },
    });
  });

  it('knows its own result again, though JSON has no word for all of it', async () => {
    const { complete } = await claimed();
    const result = { zero: -0, gone: undefined } as unknown as JsonValue;

    await complete(result);
    await expect(complete(result)).resolves.toMatchObject({ status: 'completed' });
  });

  it('is refused by an older epoch, naming the owner and the epoch there are', async () => {
    const { http, caller, id, epoch, claim, bob, get } = await claimed();
    await given.node.claims.release(caller, { taskId: id, epoch });
    const [lease] = (await claim(bob)) as [Lease];

    for (const [action, more] of Object.entries({
      complete: {},
      fail: { error: { code: 'x', message: 'y' } },
      release: {},
      progress: { percent: 1 },
    })) {
      expect(await http.post(`/v1/tasks/${id}/${action}`, { epoch, ...more })).toMatchObject({
        status: 409,
        body: {
          code: 'lease_lost',
          givenEpoch: epoch,
          currentEpoch: lease.epoch,
          currentOwner: bob.id,
          taskStatus: 'in_progress',
        },
      });
    }
    expect(await get(id)).toMatchObject({ status: 'in_progress', assignedTo: bob.id, version: lease.task.version });
  });

  it('is refused for a task that nobody holds, and for one that is not there', async () => {
    const { http, task } = await given.tenant();
    const { id } = await task();

    for (const epoch of [0, 1, 2_147_483_647]) {
      expect(await http.post(`/v1/tasks/${id}/complete`, { epoch })).toMatchObject({
        status: 409,
        body: { code: 'lease_lost', currentEpoch: 0, currentOwner: null },
      });
    }
    expect((await http.post(`/v1/tasks/${uuidv7()}/complete`, { epoch: 1 })).status).toBe(404);
  });

  it('takes a result of 256 KiB of JSON and refuses a larger one', async () => {
    const { http, id, epoch } = await claimed();
    const most = 256 * 1024 - 2;
    const complete = (length: number) => http.post(`/v1/tasks/${id}/complete`, { epoch, result: 'x'.repeat(length) });

    expect(await complete(most + 1)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'result', rule: 'size' }] },
    });
    expect((await complete(most)).status).toBe(200);
  });

  it('of 200 tasks at the same time answers each with its own', async () => {
    const { caller, ada, claim, task } = await given.workspace({ agents: ['ada'] });
    await Promise.all(Array.from({ length: 200 }, () => task()));
    const leases = await claim(ada, { limit: 200 });

    const done = await Promise.all(
      leases.map(({ task: { id }, epoch }) => given.node.claims.complete(caller, { taskId: id, epoch }, { of: id })),
    );

    expect(done.map(({ id, result }) => [id, result])).toEqual(leases.map(({ task: { id } }) => [id, { of: id }]));
  });
});
