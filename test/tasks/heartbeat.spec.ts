import { v7 as uuidv7 } from 'uuid';
import type { HeartbeatResult, Lease } from '../../src/tasks/index.js';
import { aTask, startGiven } from '../support/given.js';

const held = ({ task, epoch }: Lease) => ({ taskId: task.id, epoch });

describe('heartbeats', () => {
  const given = startGiven();

  it('extend the lease, as long as the claim asked for or as they say', async () => {
    const { http, ada, claim } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = (await claim(ada, { leaseSeconds: 20 })) as [Lease];
    const beat = async (leaseSeconds?: number) => {
      const body = { leases: [{ ...held(lease), taskId: lease.task.id.toUpperCase() }], leaseSeconds };
      const { status, body: answer } = await http.post<{ results: HeartbeatResult[] }>('/v1/tasks/heartbeat', body);
      expect(status).toBe(200);
      expect(answer.results).toMatchObject([{ taskId: lease.task.id, status: 'in_progress' }]);
      return Math.round((Number(new Date(String(answer.results[0]?.leaseExpiresAt))) - Date.now()) / 10_000);
    };

    expect([await beat(), await beat(3_600), await beat(20)]).toEqual([2, 360, 2]);
  });

  it('touch neither version nor log nor updatedAt', async () => {
    const { caller, ada, claim, events, rows } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = (await claim(ada)) as [Lease];
    const log = await events.all();

    for (let n = 0; n < 5; n++) await given.node.claims.heartbeat(caller, [held(lease)]);

    const [row] = await rows<{ version: number; updated_at: Date }>(
      'SELECT version, updated_at FROM tasks WHERE tenant_id = $1',
    );
    expect(row).toEqual({ version: lease.task.version, updated_at: lease.task.updatedAt });
    expect(await events.all()).toEqual(log);
  });

  it('answer each lease by itself: those that are lost do not hurt the others', async () => {
    const { http, caller, ada, claim, task } = await given.workspace({ agents: ['ada'], tasks: 4 });
    const [kept, stale, done, released] = (await claim(ada, { limit: 4 })) as [Lease, Lease, Lease, Lease];
    await given.node.claims.complete(caller, held(done));
    await given.node.claims.release(caller, held(released));
    const pending = await task({ priority: 'backlog' });
    const unknown = uuidv7();
    const leases = [
      { taskId: unknown, epoch: 1 },
      { taskId: stale.task.id, epoch: 7 },
      held(done),
      held(kept),
      held(released),
      { taskId: pending.id, epoch: 0 },
    ];

    for (const headers of [undefined, { 'idempotency-key': 'beat' }]) {
      const { status, body } = await http.post<{ results: HeartbeatResult[] }>(
        '/v1/tasks/heartbeat',
        { leases },
        { headers },
      );
      expect(status).toBe(200);
      expect(body.results).toEqual([
        { taskId: unknown, status: 'unknown', code: 'not_found' },
        { taskId: stale.task.id, status: 'in_progress', code: 'lease_lost' },
        { taskId: done.task.id, status: 'completed', code: 'lease_lost' },
        {
          taskId: kept.task.id,
          status: 'in_progress',
          leaseExpiresAt: expect.any(String) as string,
          endsAt: expect.any(String) as string,
          endsSoon: false,
          cancelRequested: false,
        },
        { taskId: released.task.id, status: 'pending', code: 'lease_lost' },
        { taskId: pending.id, status: 'pending', code: 'lease_lost' },
      ]);
    }
  });

  it('extend 1,000 leases in one call, and refuse more or none', async () => {
    const { http, caller, ada, claim } = await given.workspace({ agents: ['ada'] });
    await given.node.tasks.createBatch(
      caller,
      Array.from({ length: 1_000 }, () => aTask()),
    );
    const leases: Lease[] = [];
    for (let n = 0; n < 4; n++) leases.push(...(await claim(ada, { limit: 250 })));
    const send = (count: number) =>
      http.post<{ results: HeartbeatResult[] }>('/v1/tasks/heartbeat', {
        leases: Array.from({ length: count }, (_, n) => held(leases[n % 1_000] as Lease)),
      });

    const { body } = await send(1_000);

    expect(body.results.map(({ taskId }) => taskId)).toEqual(leases.map(({ task }) => task.id));
    expect(body.results.filter(({ leaseExpiresAt }) => leaseExpiresAt)).toHaveLength(1_000);
    expect([(await send(1_001)).status, (await send(0)).status]).toEqual([400, 400]);
  });

  it('answer a lease that is named twice twice', async () => {
    const { caller, ada, claim } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = (await claim(ada)) as [Lease];

    const results = await given.node.claims.heartbeat(caller, [held(lease), held(lease)]);

    expect(results.map(({ leaseExpiresAt }) => Boolean(leaseExpiresAt))).toEqual([true, true]);
  });
});

describe('progress', () => {
  const given = startGiven();

  it('is kept and told, what is left out stays', async () => {
    const { http, ada, claim, events } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [{ task, epoch }] = (await claim(ada)) as [Lease];
    const tell = (body: object) => http.post(`/v1/tasks/${task.id}/progress`, { epoch, ...body });

    expect(await tell({ percent: 30, message: 'on it', partial: { rows: [1, null] } })).toMatchObject({
      status: 200,
      body: { task: { progress: 30, progressMessage: 'on it', partialResult: { rows: [1, null] }, version: 3 } },
    });
    expect((await tell({ percent: 60 })).body).toMatchObject({
      task: { progress: 60, progressMessage: 'on it', partialResult: { rows: [1, null] } },
    });
    const told = (await events.all()).filter(({ type }) => type === 'task.progressed').map(({ data }) => data);
    expect(told).toEqual([30, 60].map((percent) => ({ agentId: ada.id, epoch, percent, message: 'on it' })));
  });

  it('of several at the same time is written in their order', async () => {
    const { caller, ada, claim, events, get } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = (await claim(ada)) as [Lease];

    await Promise.all(
      Array.from({ length: 50 }, (_, percent) => given.node.claims.progress(caller, held(lease), { percent })),
    );

    const told = (await events.all()).filter(({ type }) => type === 'task.progressed').map(({ data }) => data?.percent);
    expect(told).toEqual(Array.from({ length: 50 }, (_, percent) => percent));
    expect(await get(lease.task.id)).toMatchObject({ progress: 49, version: 52 });
  });

  it('starts again with the next claim', async () => {
    const { caller, ada, claim } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [lease] = (await claim(ada)) as [Lease];
    await given.node.claims.progress(caller, held(lease), { percent: 30, message: 'x', partial: 1 });
    await given.node.claims.release(caller, held(lease));

    expect((await claim(ada))[0]?.task).toMatchObject({ progress: 0, progressMessage: null, partialResult: null });
  });

  it.each([
    { percent: 101 },
    { percent: -1 },
    { percent: 1.5 },
    { message: 'x'.repeat(1_001) },
    { partial: 'x'.repeat(262_143) },
  ])('is refused out of its bounds (%#)', async (body) => {
    const { http, ada, claim } = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [{ task, epoch }] = (await claim(ada)) as [Lease];

    expect((await http.post(`/v1/tasks/${task.id}/progress`, { epoch, ...body })).status).toBe(400);
  });
});
