import type { Lease } from '../../src/tasks/index.js';
import { startGiven, type Tenant } from '../support/given.js';
import type { Agent } from '../../src/agents/index.js';

const error = { code: 'no_disk', message: 'The disk is full.' };

describe('ending an attempt without a result', () => {
  const given = startGiven();

  const take = async (tenant: Tenant, agent: Agent) => ((await tenant.claim(agent)) as [Lease])[0];
  const act = ({ http }: Tenant, { task, epoch }: Lease, action: string, more = {}) =>
    http.post(`/v1/tasks/${task.id}/${action}`, { epoch, ...more });

  it('by failing gives the task back until its attempts are used up', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';

    for (const attempt of [1, 2, 3]) {
      const lease = await take(tenant, tenant.ada);
      expect(lease.task).toMatchObject({ attempt, epoch: attempt });
      const { status, body } = await act(tenant, lease, 'fail', { error });
      const again = { status: 'pending', assignedTo: null, completedAt: null };
      const ended = { status: 'failed', assignedTo: tenant.ada.id, completedAt: expect.any(String) as string };
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { task: { ...(attempt < 3 ? again : ended), error, attempt } },
      });
    }

    expect(await tenant.claim(tenant.ada)).toEqual([]);
    expect(await tenant.events.of(id)).toEqual([
      'task.created',
      ...['task.claimed', 'task.attempt_failed', 'task.claimed', 'task.attempt_failed', 'task.claimed', 'task.failed'],
    ]);
    const { body } = await tenant.http.get(`/v1/tasks/${id}/attempts`);
    expect(body).toMatchObject({
      items: [1, 2, 3].map((epoch) => ({ epoch, outcome: 'failed', error, agentId: tenant.ada.id })),
    });
  });

  it('by a failure that cannot be retried ends the task', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const lease = await take(tenant, tenant.ada);

    const { body } = await act(tenant, lease, 'fail', { error: { ...error, retryable: false } });

    expect(body).toMatchObject({ task: { status: 'failed', attempt: 1, error } });
    expect(await act(tenant, lease, 'complete')).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition', taskStatus: 'failed', allowed: ['pending', 'cancelled'] },
    });
  });

  it('by a release does not count the attempt, however often', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const id = tenant.tasks[0]?.id ?? '';

    for (let n = 1; n <= 5; n++) {
      const lease = await take(tenant, tenant.ada);
      expect(lease).toMatchObject({ epoch: n, task: { attempt: 1 } });
      const { body } = await act(tenant, lease, 'release', n > 1 ? { reason: 'not mine' } : {});
      expect(body).toMatchObject({ task: { status: 'pending', attempt: 0, assignedTo: null, error: null } });
    }

    const { body } = await tenant.http.get<{ items: object[] }>(`/v1/tasks/${id}/attempts`);
    expect(body.items).toHaveLength(5);
    expect(body.items[0]).toMatchObject({ epoch: 1, outcome: 'released', error: null });
    expect(body.items[4]).toMatchObject({
      epoch: 5,
      outcome: 'released',
      error: { code: 'released', message: 'not mine' },
    });
  });

  it('is done once: the second time the lease is lost', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const lease = await take(tenant, tenant.ada);
    await act(tenant, lease, 'release');

    for (const [action, more] of [
      ['release', {}],
      ['fail', { error }],
      ['complete', {}],
      ['progress', { percent: 1 }],
    ] as const) {
      expect(await act(tenant, lease, action, more)).toMatchObject({
        status: 409,
        body: { code: 'lease_lost', taskStatus: 'pending', currentOwner: null },
      });
    }
  });

  it('puts the task behind those that were ready before', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 2 });
    const [first, second] = tenant.tasks.map(({ id }) => id);
    await act(tenant, await take(tenant, tenant.ada), 'release');

    expect([(await take(tenant, tenant.ada)).task.id, (await take(tenant, tenant.ada)).task.id]).toEqual([
      second,
      first,
    ]);
  });

  it('leaves one history when completion, failure and release come at the same time, a hundred times', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { claims } = given.node;
    for (let round = 0; round < 100; round++) {
      const { id } = await tenant.task({ maxAttempts: 1 });
      const { epoch } = await take(tenant, tenant.ada);
      const held = { taskId: id, epoch };
      const results = await Promise.allSettled([
        claims.complete(tenant.caller, held),
        claims.fail(tenant.caller, held, error),
        claims.release(tenant.caller, held),
      ]);

      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const event = ['task.completed', 'task.failed', 'task.released'][winner];
      expect((await tenant.events.all()).filter(({ subjectId }) => subjectId === id).at(-1)?.type).toBe(event);
      const { items } = (await tenant.http.get<{ items: { outcome: string }[] }>(`/v1/tasks/${id}/attempts`)).body;
      expect(items.map(({ outcome }) => outcome)).toEqual([['completed', 'failed', 'released'][winner]]);
      if (winner === 2)
        await claims.complete(tenant.caller, { taskId: id, epoch: (await take(tenant, tenant.ada)).epoch });
    }
  });

  it('shows the running attempt last, without an end', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    await act(tenant, await take(tenant, tenant.ada), 'fail', { error });
    const { task } = await take(tenant, tenant.ada);

    const { body } = await tenant.http.get(`/v1/tasks/${task.id}/attempts`);

    expect(body).toMatchObject({
      items: [
        { epoch: 1, outcome: 'failed' },
        {
          epoch: 2,
          outcome: null,
          endedAt: null,
          error: null,
          agentId: tenant.ada.id,
          claimedAt: task.claimedAt?.toISOString(),
        },
      ],
    });
  });
});
