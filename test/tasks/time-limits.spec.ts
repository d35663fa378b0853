import fc from 'fast-check';
import type { Agent } from '../../src/agents/index.js';
import type { ClaimKind, TaskStatus } from '../../src/tasks/index.js';
import { startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;
const later = (ms: number) => new Date(Date.now() + ms);

describe('the times of a task', () => {
  const given = startGiven({ nodes: 2 });

  const sweep = () => Promise.all(given.nodes.map((node) => node.sweep()));
  /** Sets columns as if time had passed. */
  const set = ({ rows }: Tenant, id: string, columns: string) =>
    rows(`UPDATE tasks SET ${columns} WHERE tenant_id = $1 AND id = $2`, id);
  const become = (tenant: Tenant, id: string, status: TaskStatus) =>
    until(async () => {
      await sweep();
      return (await tenant.get(id)).status === status;
    }, status);
  const says = (tenant: Tenant, id: string, type: string) =>
    until(async () => {
      await sweep();
      return (await tenant.events.all()).find((event) => event.subjectId === id && event.type === type);
    }, type);
  const take = async (tenant: Tenant, agent: Agent, claimKind: ClaimKind = 'agent') => {
    const [lease] = await tenant.claim(agent, { claimKind });
    return { taskId: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 };
  };

  describe('run at', () => {
    it('keeps it from being claimed before, in its place by then, and with its blockers', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const runAt = later(HOUR);
      const { id, readyAt } = await tenant.task({ runAt });
      expect(readyAt).toEqual(runAt);
      const blocker = await tenant.task();
      const both = await tenant.task({ runAt, dependsOn: [{ taskId: blocker.id }] });
      const [lease] = await tenant.claim(tenant.ada, { limit: 9 });
      expect(lease?.task.id).toBe(blocker.id);
      await given.node.claims.complete(tenant.caller, { taskId: blocker.id, epoch: 1 });
      expect(await tenant.claim(tenant.ada)).toEqual([]);
      expect(await tenant.get(both.id)).toMatchObject({ openBlockers: 0, readyAt: runAt });

      await given.second.tasks.update(tenant.caller, id, 1, { runAt: null });
      expect((await tenant.claim(tenant.ada, { limit: 9 })).map(({ task }) => task.id)).toEqual([id]);
    });
  });

  describe('the backoff', () => {
    it('follows its policy, less up to a half by chance, and never more than its maximum', async () => {
      const { rows } = await given.tenant();
      const policy = fc.record({
        backoff: fc.constantFrom('exponential', 'linear'),
        initialSeconds: fc.integer({ min: 0, max: 7 * 86_400 }),
        maxSeconds: fc.integer({ min: 0, max: 7 * 86_400 }),
      });
      await fc.assert(
        fc.asyncProperty(policy, fc.integer({ min: 1, max: 100 }), async (retry, attempt) => {
          const waits = await rows<{ s: number }>(
            `SELECT extract(epoch FROM task_backoff($2, $3))::float8 AS s FROM generate_series(1, 20)
               WHERE $1::uuid IS NOT NULL`,
            JSON.stringify(retry),
            attempt,
          );
          const grown = retry.initialSeconds * (retry.backoff === 'linear' ? attempt : 2 ** (attempt - 1));
          const most = Math.min(grown, retry.maxSeconds);
          for (const { s } of waits) {
            expect(s).toBeGreaterThanOrEqual(most / 2 - 1e-3);
            expect(s).toBeLessThanOrEqual(most + 1e-3);
          }
          if (most > 60) expect(new Set(waits.map(({ s }) => s)).size).toBeGreaterThan(10);
        }),
        { numRuns: 100 },
      );
    });

    it('is the default for a task that says nothing, and does not overflow however often it is tried', async () => {
      const { rows } = await given.tenant();
      const most = async (attempt: number) =>
        (
          await rows<{ s: number }>(
            `SELECT max(extract(epoch FROM task_backoff(NULL, $2)))::float8 AS s FROM generate_series(1, 500)
               WHERE $1::uuid IS NOT NULL`,
            attempt,
          )
        )[0]?.s ?? 0;
      for (const [attempt, wait] of [
        [1, 1],
        [2, 2],
        [5, 16],
        [10, 300],
        [100, 300],
        [2_147_483_647, 300],
      ] as const) {
        // prettier-ignore
        expect(await most(attempt)).toBeGreaterThan(wait * 0.95);
        expect(await most(attempt)).toBeLessThanOrEqual(wait);
      }
    });

    it('is waited out though a blocker that came meanwhile ends or is taken away', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ retry: { backoff: 'linear', initialSeconds: 1_000, maxSeconds: 5_000 } });
      await given.node.claims.fail(tenant.caller, await take(tenant, tenant.ada), { code: 'x', message: 'y' });
      const { readyAt } = await tenant.get(id);
      const [ends, leaves] = [await tenant.task(), await tenant.task({ runAt: later(HOUR) })];
      for (const blocker of [ends, leaves]) await given.node.edges.add(tenant.caller, id, { taskId: blocker.id });
      await given.node.claims.complete(tenant.caller, await take(tenant, tenant.ada));
      await given.node.edges.remove(tenant.caller, id, leaves.id, 'blocks');
      expect(await tenant.get(id)).toMatchObject({ openBlockers: 0, readyAt });
    });

    it.each(['fails', 'is lost', 'times out'])('is waited out by a task whose attempt %s', async (how) => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ retry: { backoff: 'linear', initialSeconds: 1_000, maxSeconds: 5_000 } });
      for (const attempt of [1, 2]) {
        const held = await take(tenant, tenant.ada);
        if (how === 'fails') await given.node.claims.fail(tenant.caller, held, { code: 'x', message: 'y' });
        else await set(tenant, id, `${how === 'is lost' ? 'lease_expires_at' : 'timeout_at'} = now() - interval '1 s'`);
        await become(tenant, id, 'pending');

        const { readyAt, updatedAt, openBlockers } = await tenant.get(id);
        const wait = (readyAt.getTime() - updatedAt.getTime()) / 1_000;
        expect([openBlockers, wait >= 500 * attempt, wait <= 1_000 * attempt]).toEqual([0, true, true]);
        expect(await tenant.claim(tenant.ada)).toEqual([]);
        await set(tenant, id, 'ready_at = now()');
      }
    });

    it('is not waited out by a task that is given back or tried again on demand', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      await tenant.task({ maxAttempts: 1, retry: { backoff: 'linear', initialSeconds: 1_000, maxSeconds: 5_000 } });
      const held = await take(tenant, tenant.ada);
      await given.node.claims.release(tenant.caller, held);
      const again = await take(tenant, tenant.ada);
      expect(again).toEqual({ ...held, epoch: 2 });
      await given.node.claims.fail(tenant.caller, again, { code: 'x', message: 'y' });
      await given.node.interventions.retry(tenant.caller, held.taskId);
      expect(await take(tenant, tenant.ada)).toEqual({ ...held, epoch: 3 });
    });
  });

  describe('the timeout of an attempt', () => {
    it('ends it whatever its lease; the task is tried again, and at last it has timed out', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ maxAttempts: 2, timeoutSeconds: 60 });
      const held = await take(tenant, tenant.ada);
      const { claimedAt, timeoutAt } = await tenant.get(id);
      expect((timeoutAt?.getTime() ?? 0) - (claimedAt?.getTime() ?? 0)).toBe(60_000);
      await set(tenant, id, 'timeout_at = now()');
      await given.node.claims.heartbeat(tenant.caller, [held], 3_600);
      await become(tenant, id, 'pending');
      await expect(given.node.claims.complete(tenant.caller, held)).rejects.toMatchObject({ code: 'lease_lost' });

      await take(tenant, tenant.ada);
      await set(tenant, id, 'timeout_at = now()');
      await become(tenant, id, 'timeout');
      expect(await tenant.get(id)).toMatchObject({ error: { code: 'timeout' }, leaseExpiresAt: null, attempt: 2 });
      expect((await tenant.http.get<{ items: object[] }>(`/v1/tasks/${id}/attempts`)).body.items).toMatchObject([
        { epoch: 1, outcome: 'timed_out' },
        { epoch: 2, outcome: 'timed_out', error: { code: 'timeout' } },
      ]);
    });

    it.each([
      [70, []],
      [80, [75]],
      [95, [90]],
    ])('is warned of when %i %% are over', async (over, percents) => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ timeoutSeconds: 1_000 });
      const held = await take(tenant, tenant.ada);
      await set(
        tenant,
        id,
        `claimed_at = now() - interval '${over * 10} s', timeout_at = now() + interval '${1_000 - over * 10} s'`,
      );
      if (percents.length > 0) await says(tenant, id, 'task.timeout_warning');
      await sweep();
      await sweep();

      const log = (await tenant.events.all()).filter(({ type }) => type === 'task.timeout_warning');
      expect(log.map(({ data }) => data?.percent)).toEqual(percents);
      const [beat] = await given.node.claims.heartbeat(tenant.caller, [held]);
      expect(beat).toMatchObject({ endsAt: (await tenant.get(id)).timeoutAt, endsSoon: over > 75 });
    });

    it('is not warned of for the time that the attempt has waited for input', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ timeoutSeconds: 100 });
      const held = await take(tenant, tenant.ada);
      await given.node.inputs.awaitInput(tenant.caller, held);
      await set(
        tenant,
        id,
        `claimed_at = now() - interval '5010 s', timeout_at = now() - interval '4910 s',
        awaiting_since = now() - interval '5000 s'`,
      );
      expect(await given.node.claims.heartbeat(tenant.caller, [held])).toMatchObject([{ endsSoon: false }]);
      await sweep();
      expect((await tenant.get(id)).status).toBe('awaiting_input');
      await given.node.inputs.giveInput(tenant.caller, id, 'go on');
      await sweep();

      expect(await given.node.claims.heartbeat(tenant.caller, [held])).toMatchObject([
        { status: 'in_progress', endsSoon: false },
      ]);
      const left = ((await tenant.get(id)).timeoutAt?.getTime() ?? 0) - Date.now();
      expect([left > 80_000, left < 95_000]).toEqual([true, true]);
      expect(await tenant.events.of(id)).not.toContain('task.timeout_warning');
    });
  });

  it('calls an interactive claim overdue anew when a heartbeat has come between its lease and its timeout', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await tenant.task();
    const held = await take(tenant, tenant.ada, 'interactive');
    await set(tenant, id, 'lease_expires_at = now()');
    expect((await says(tenant, id, 'task.overdue')).data).toMatchObject({ limit: 'lease' });
    // It is in the cache by now.
    expect(await tenant.get(id)).toMatchObject({ overdueAt: expect.any(Date) as Date });

    await given.node.claims.heartbeat(tenant.caller, [held]);
    expect(await tenant.get(id)).toMatchObject({ status: 'in_progress', overdueAt: null });
    await set(tenant, id, 'timeout_at = now()');
    await until(
      async () => (await tenant.events.of(id)).filter((type) => type === 'task.overdue').length === 2,
      'overdue again',
    );
    await given.node.claims.heartbeat(tenant.caller, [held]);
    expect(await tenant.get(id)).toMatchObject({ overdueAt: expect.any(Date) as Date });
  });

  describe('the deadline', () => {
    it.each(['waits', 'waits for another', 'is assigned', 'is held by an agent', 'awaits input'])(
      'ends a task that %s',
      async (how) => {
        const tenant = await given.workspace({ agents: ['ada'] });
        const blocker = how === 'waits for another' ? [{ taskId: (await tenant.task({ runAt: later(HOUR) })).id }] : [];
        const { id } = await tenant.task({
          deadline: later(HOUR),
          dependsOn: blocker,
          ...(how === 'is assigned' && { assignedTo: tenant.ada.id }),
        });
        const behind = await tenant.task({ dependsOn: [{ taskId: id, onFailure: 'skip' }] });
        if (/held|input/.test(how)) await take(tenant, tenant.ada);
        if (/input/.test(how)) await given.node.inputs.awaitInput(tenant.caller, { taskId: id, epoch: 1 });

        await set(tenant, id, 'deadline = now(), due_at = now()');
        if (!/held|input/.test(how)) expect(await tenant.claim(tenant.ada)).toEqual([]);
        await become(tenant, id, 'timeout');

        expect(await tenant.get(id)).toMatchObject({
          error: { code: 'deadline_passed' },
          leaseExpiresAt: null,
          awaitingSince: null,
        });
        expect((await tenant.get(behind.id)).status).toBe('cancelled');
        const attempts = await tenant.rows<{ outcome: string }>(
          'SELECT outcome FROM task_attempts WHERE tenant_id = $1',
        );
        expect(attempts).toEqual(/held|input/.test(how) ? [{ outcome: 'timed_out' }] : []);
        expect((await tenant.events.of(id)).at(-1)).toBe('task.timed_out');
        if (/held/.test(how)) {
          const late = given.node.claims.complete(tenant.caller, { taskId: id, epoch: 1 });
          await expect(late).rejects.toMatchObject({
            code: expect.stringMatching(/lease_lost|invalid_transition/) as string,
          });
        }
      },
    );

    it.each(['human', 'interactive'] as const)(
      'does not take a %s claim away, but ends the task once it is given back',
      async (kind) => {
        const tenant = await given.workspace({ agents: ['ada'] });
        const { id } = await tenant.task({ deadline: later(HOUR) });
        const held = await take(tenant, tenant.ada, kind);
        await set(tenant, id, 'deadline = now(), due_at = now()');

        expect((await says(tenant, id, 'task.overdue')).data).toMatchObject({ limit: 'deadline' });
        await sweep();
        expect(await tenant.get(id)).toMatchObject({ status: 'in_progress', overdueAt: expect.any(Date) as Date });
        expect((await tenant.events.of(id)).filter((type) => type === 'task.overdue')).toHaveLength(1);

        await given.node.claims.release(tenant.caller, held);
        await become(tenant, id, 'timeout');
      },
    );

    it('can be kept by a person who is past it', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ deadline: later(HOUR) });
      const held = await take(tenant, tenant.ada, 'human');
      await set(tenant, id, 'deadline = now(), due_at = now()');
      await says(tenant, id, 'task.overdue');
      expect(await given.node.claims.complete(tenant.caller, held)).toMatchObject({ status: 'completed' });
    });

    it('is warned of at 75 % and at 90 % of the way, once each', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id, createdAt } = await tenant.task({ deadline: later(HOUR) });
      const [row] = await tenant.rows<{ due_at: Date; deadline: Date }>(
        'SELECT due_at, deadline FROM tasks WHERE tenant_id = $1',
      );
      const way = (row?.deadline.getTime() ?? 0) - createdAt.getTime();
      expect(((row?.due_at.getTime() ?? 0) - createdAt.getTime()) / way).toBeCloseTo(0.75, 4);
      for (const over of [80, 95]) {
        await set(
          tenant,
          id,
          `created_at = now() - interval '${over} s', deadline = now() + interval '${100 - over} s', due_at = now()`,
        );
        await until(async () => {
          await sweep();
          return (await tenant.events.of(id)).length === (over === 80 ? 2 : 3);
        });
        await sweep();
      }
      const log = (await tenant.events.all()).filter(({ type }) => type === 'task.deadline_warning');
      expect(log.map(({ data }) => data?.percent)).toEqual([75, 90]);
    });

    it('that is moved holds anew; a dead task is tried again only when it lies ahead', async () => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ deadline: later(HOUR) });
      await set(tenant, id, 'deadline = now(), due_at = now()');
      await become(tenant, id, 'timeout');
      expect(await tenant.http.post(`/v1/tasks/${id}/retry`)).toMatchObject({
        status: 409,
        body: { code: 'deadline_passed' },
      });

      const { version } = await tenant.get(id);
      await given.node.tasks.update(tenant.caller, id, version, { deadline: later(HOUR) });
      await given.node.interventions.retry(tenant.caller, id);
      expect(await take(tenant, tenant.ada)).toEqual({ taskId: id, epoch: 1 });
      await set(tenant, id, 'deadline = now(), due_at = now()');
      await become(tenant, id, 'timeout');
    });
  });

  it.each(['human', 'interactive'] as const)(
    'flag a %s claim as overdue, by lease and by timeout, and leave it',
    async (kind) => {
      const tenant = await given.workspace({ agents: ['ada'] });
      for (const limit of ['lease', 'timeout']) {
        const { id } = await tenant.task();
        const held = await take(tenant, tenant.ada, kind);
        await set(tenant, id, `${limit === 'lease' ? 'lease_expires_at' : 'timeout_at'} = now() - interval '1 s'`);
        expect((await says(tenant, id, 'task.overdue')).data).toMatchObject({
          limit,
          epoch: 1,
          agentId: tenant.ada.id,
        });
        await sweep();
        expect((await tenant.events.of(id)).filter((type) => type === 'task.overdue')).toHaveLength(1);
        expect(await given.node.claims.complete(tenant.caller, held)).toMatchObject({ status: 'completed' });
      }
    },
  );
});
