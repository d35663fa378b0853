import { v7 as uuidv7 } from 'uuid';
import type { Agent } from '../../src/agents/index.js';
import {
  END_STATUSES,
  type EndStatus,
  ON_FAILURE,
  type OnFailure,
  type EdgeKind,
  type Task,
  type TaskStatus,
} from '../../src/tasks/index.js';
import { aTask, outcomes, startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

interface Terms {
  kind: EdgeKind;
  onFailure: OnFailure;
  outcome?: EndStatus;
}

const TERMS = ON_FAILURE.flatMap((onFailure): Terms[] => [
  { kind: 'blocks', onFailure },
  { kind: 'waits_for', onFailure },
  ...END_STATUSES.map((outcome): Terms => ({ kind: 'conditional', onFailure, outcome })),
]).concat({ kind: 'related', onFailure: 'hold' });

/** What the dependant is when its blocker has ended, from the words of the specification. */
function expected({ kind, onFailure, outcome }: Terms, end: EndStatus): 'waits' | 'ready' | TaskStatus {
  const content = {
    blocks: end === 'completed',
    waits_for: true,
    conditional: end === outcome,
    related: true,
    discovered_from: true,
    parent_child: true,
  }[kind];
  if (content) return 'ready';
  return ({ hold: 'waits', proceed: 'ready', fail: 'failed', skip: 'cancelled' } as const)[onFailure];
}

const standing = ({ status, openBlockers }: Task): 'waits' | 'ready' | TaskStatus =>
  status !== 'pending' ? status : openBlockers > 0 ? 'waits' : 'ready';

describe('the end of a blocker', () => {
  const given = startGiven({ nodes: 2 });

  const blocker = (tenant: Tenant, more = {}) => tenant.task({ type: 'blocker', maxAttempts: 1, ...more });
  const take = async (tenant: Tenant, agent: Agent, id: string) => {
    const leases = await tenant.claim(agent, { types: ['blocker'] });
    expect(leases.map(({ task }) => task.id)).toEqual([id]);
    return { taskId: id, epoch: leases[0]?.epoch ?? 0 };
  };
  const happened = async (tenant: Tenant, id: string, status: TaskStatus) =>
    until(async () => {
      await given.node.sweep();
      return (await tenant.get(id)).status === status;
    });
  /** Brings a task of the type `blocker` to this end. */
  const END: Record<EndStatus, (tenant: Tenant, agent: Agent, id: string) => Promise<unknown>> = {
    completed: async (tenant, agent, id) =>
      given.node.claims.complete(tenant.caller, await take(tenant, agent, id), { x: 1 }),
    failed: async (tenant, agent, id) =>
      given.node.claims.fail(tenant.caller, await take(tenant, agent, id), { code: 'x', message: 'y' }),
    cancelled: (tenant, _, id) => given.node.interventions.cancel(tenant.caller, id),
    timeout: async (tenant, agent, id) => {
      await take(tenant, agent, id);
      await tenant.rows('UPDATE tasks SET timeout_at = now() WHERE tenant_id = $1 AND id = $2', id);
      await happened(tenant, id, 'timeout');
    },
  };
  const dependants = async (tenant: Tenant, ids: string[]) => {
    const tasks = await Promise.all(ids.map((id) => tenant.get(id)));
    return tasks.map(standing);
  };

  describe.each(END_STATUSES)('that is %s', (end) => {
    const wanted = TERMS.map((terms) => expected(terms, end));

    it.each<[string, (tenant: Tenant, blockerId: string) => Promise<string[]>]>([
      [
        'one by one',
        (tenant, taskId) =>
          Promise.all(TERMS.map(async (terms) => (await tenant.task({ dependsOn: [{ taskId, ...terms }] })).id)),
      ],
      [
        'in a batch',
        async ({ caller }, taskId) => {
          const tasks = TERMS.map((terms) => aTask({ dependsOn: [{ taskId, ...terms }] }));
          return (await given.second.tasks.createBatch(caller, tasks)).map(({ id }) => id);
        },
      ],
      [
        'by adding the edge',
        async (tenant, taskId) => {
          const tasks = await Promise.all(TERMS.map(() => tenant.task()));
          for (const [n, { id }] of tasks.entries()) {
            await given.second.edges.add(tenant.caller, id, { taskId, ...TERMS[n] });
          }
          return tasks.map(({ id }) => id);
        },
      ],
    ])('does to each what its edge says, with edges made %s, before the end and after it', async (_, make) => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await blocker(tenant);
      const before = await make(tenant, id);
      expect(await dependants(tenant, before)).toEqual(
        TERMS.map(({ kind }) => (kind === 'related' ? 'ready' : 'waits')),
      );

      await END[end](tenant, tenant.ada, id);

      expect(await dependants(tenant, before)).toEqual(wanted);
      const after = await make(tenant, id);
      expect(await dependants(tenant, after)).toEqual(wanted);

      // Told once each, with the reason; and what is ready can be claimed, what waits cannot.
      const log = await tenant.events.all();
      for (const [n, taskId] of [...before, ...after].entries()) {
        const status = wanted[n % TERMS.length];
        const ends = log.filter(({ subjectId, type }) => subjectId === taskId && /failed|cancelled/.test(type));
        expect(ends.map(({ type, data }) => [type, data])).toMatchObject(
          status === 'failed' || status === 'cancelled'
            ? [[`task.${status}`, { outcome: 'blocked', status, agentId: null, error: { blockerId: id } }]]
            : [],
        );
      }
      const ready = (await tenant.claim(tenant.ada, { types: ['build'], limit: 256 })).map(({ task }) => task.id);
      expect(ready.sort()).toEqual(
        [...before, ...after].filter((__, n) => wanted[n % TERMS.length] === 'ready').sort(),
      );
      // No edge is open that its end has settled, none resolved that it has not.
      const open = await tenant.rows<{ blocked_id: string }>(
        'SELECT blocked_id FROM task_edges WHERE tenant_id = $1 AND resolved_at IS NULL',
      );
      expect(open.map((edge) => edge.blocked_id).sort()).toEqual(
        [...before, ...after].filter((__, n) => wanted[n % TERMS.length] !== 'ready').sort(),
      );
    });
  });

  it('answers who makes a task that its edge ends at once with the task as it is', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await blocker(tenant);
    await END.failed(tenant, tenant.ada, id);

    const { status, body } = await tenant.http.post<Task>('/v1/tasks', {
      type: 'x',
      title: 'y',
      dependsOn: [{ taskId: id, onFailure: 'fail' }],
    });

    expect([status, body]).toMatchObject([201, { status: 'failed', error: { code: 'blocker_failed', blockerId: id } }]);
    expect((await tenant.get(body.id)).version).toBe(body.version);
    expect(await tenant.events.of(body.id)).toEqual(['task.created', 'task.failed']);
  });

  it('runs down a chain: those that fail end those behind them, each once', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await blocker(tenant);
    const policies: OnFailure[] = ['fail', 'skip', 'fail', 'proceed', 'fail'];
    const chain: string[] = [];
    for (const onFailure of policies) {
      chain.push((await tenant.task({ dependsOn: [{ taskId: chain.at(-1) ?? id, onFailure }] })).id);
    }

    await END.failed(tenant, tenant.ada, id);

    expect(await dependants(tenant, chain)).toEqual(['failed', 'cancelled', 'failed', 'ready', 'waits']);
    for (const one of chain.slice(0, 3)) expect(await tenant.events.of(one)).toHaveLength(2);
  });

  it.each(['failed', 'cancelled', 'timeout'] as const)(
    'is told once to whom it reaches on two ways, when it is %s',
    async (end) => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await blocker(tenant);
      const middle = await tenant.task({ dependsOn: [{ taskId: id, onFailure: 'fail' }] });
      const last = await tenant.task({
        dependsOn: [
          { taskId: id, onFailure: 'skip' },
          { taskId: middle.id, kind: 'waits_for' },
        ],
      });

      await END[end](tenant, tenant.ada, id);

      expect(await dependants(tenant, [middle.id, last.id])).toEqual(['failed', 'cancelled']);
      expect(await tenant.events.of(last.id)).toEqual(['task.created', 'task.cancelled']);
      expect((await tenant.get(last.id)).openBlockers).toBe(1);
    },
  );

  it('reaches on two ways a task that is made after it, and tells it once', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await blocker(tenant);
    await END.failed(tenant, tenant.ada, id);
    const [a = '', b = ''] = [uuidv7(), uuidv7()];
    const tasks = [
      aTask({ id: a, dependsOn: [{ taskId: id, onFailure: 'fail' }] }),
      aTask({
        id: b,
        dependsOn: [
          { taskId: id, onFailure: 'skip' },
          { taskId: a, kind: 'waits_for' },
        ],
      }),
    ];

    await given.node.tasks.createBatch(tenant.caller, tasks);

    expect(await dependants(tenant, [a, b])).toEqual(['failed', 'cancelled']);
    expect(await tenant.events.of(b)).toEqual(['task.created', 'task.cancelled']);
  });

  it('with the policy hold comes to nothing until the blocker is tried again and completed', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await blocker(tenant);
    const waiting = await tenant.task({ dependsOn: [{ taskId: id }] });
    await END.failed(tenant, tenant.ada, id);
    expect(await dependants(tenant, [waiting.id])).toEqual(['waits']);

    await given.second.interventions.retry(tenant.caller, id);
    await END.completed(tenant, tenant.ada, id);

    expect(await dependants(tenant, [waiting.id])).toEqual(['ready']);
  });

  it('has ended a dependant, which waits for it again when both are tried again', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await blocker(tenant);
    const doomed = await tenant.task({ dependsOn: [{ taskId: id, onFailure: 'fail' }] });
    await END.failed(tenant, tenant.ada, id);

    // While the blocker is dead the policy applies again at once.
    await given.node.interventions.retry(tenant.caller, doomed.id);
    expect(await dependants(tenant, [doomed.id])).toEqual(['failed']);

    await given.node.interventions.retry(tenant.caller, id);
    await given.node.interventions.retry(tenant.caller, doomed.id);
    expect(await dependants(tenant, [doomed.id])).toEqual(['waits']);
    await END.failed(tenant, tenant.ada, id);
    expect(await dependants(tenant, [doomed.id])).toEqual(['failed']);

    await given.node.interventions.retry(tenant.caller, id);
    await given.node.interventions.retry(tenant.caller, doomed.id);
    await END.completed(tenant, tenant.ada, id);
    expect(await dependants(tenant, [doomed.id])).toEqual(['ready']);
  });

  it('is settled once: a blocker that proceeds, is tried again and fails again leaves what went on', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const { id } = await blocker(tenant);
    const free = await tenant.task({ dependsOn: [{ taskId: id, onFailure: 'proceed' }] });
    await END.failed(tenant, tenant.ada, id);
    const { version } = await tenant.get(free.id);

    await given.node.interventions.retry(tenant.caller, id);
    expect(await dependants(tenant, [free.id])).toEqual(['ready']);
    await END.failed(tenant, tenant.ada, id);

    expect(await tenant.get(free.id)).toMatchObject({ version, openBlockers: 0, status: 'pending' });
  });

  it('is seen with what follows from it, in one moment: no completed blocker has an open edge', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const blockers = await Promise.all(Array.from({ length: 60 }, () => blocker(tenant)));
    await given.node.tasks.createBatch(
      tenant.caller,
      blockers.flatMap(({ id }) => [
        aTask({ dependsOn: [{ taskId: id }] }),
        aTask({ dependsOn: [{ taskId: id, kind: 'waits_for' }] }),
      ]),
    );
    const torn = `
      SELECT e.blocked_id FROM task_edges e
        JOIN tasks b ON b.tenant_id = e.tenant_id AND b.id = e.blocker_id
        JOIN tasks t ON t.tenant_id = e.tenant_id AND t.id = e.blocked_id
        WHERE e.tenant_id = $1 AND ((b.status = 'completed') <> (e.resolved_at IS NOT NULL)
          OR (b.status = 'completed') <> (t.open_blockers = 0))`;
    let [done, looks] = [false, 0];
    const watch = async () => {
      while (!done) {
        expect(await tenant.rows(torn)).toEqual([]);
        looks++;
      }
    };
    const work = async () => {
      const leases = await tenant.claim(tenant.ada, { types: ['blocker'], limit: 60 });
      await Promise.all(
        leases.map(({ task, epoch }, n) =>
          (given.nodes[n % 2] ?? given.node).claims.complete(tenant.caller, { taskId: task.id, epoch }),
        ),
      );
      done = true;
    };

    await Promise.all([work().finally(() => (done = true)), watch()]);

    expect(looks).toBeGreaterThan(0);
    expect(await tenant.claim(tenant.ada, { types: ['build'], limit: 256 })).toHaveLength(120);
  });
});

describe('an edge between tasks that exist', () => {
  const given = startGiven({ nodes: 2 });

  it('is added, listed and removed over HTTP', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 2 });
    const [one = '', two = ''] = tenant.tasks.map(({ id }) => id);
    const path = `/v1/tasks/${two}/edges`;

    const added = await tenant.http.post(path, { taskId: one, kind: 'waits_for', onFailure: 'skip' });
    expect([added.status, added.body]).toMatchObject([
      201,
      { blockerId: one, blockedId: two, kind: 'waits_for', onFailure: 'skip', outcome: null, resolvedAt: null },
    ]);
    expect(await tenant.http.post(path, { taskId: one, kind: 'waits_for' })).toMatchObject({
      status: 409,
      body: { code: 'already_exists' },
    });
    expect((await tenant.http2.get(path)).body).toEqual({ items: [added.body] });
    expect(await tenant.get(two)).toMatchObject({ openBlockers: 1, version: 2 });

    expect((await tenant.http.delete(`${path}/${one}`)).status).toBe(404);
    expect((await tenant.http.delete(`${path}/${one}?kind=waits_for`)).status).toBe(204);
    expect(await tenant.get(two)).toMatchObject({ openBlockers: 0, version: 3 });
    expect((await tenant.claim(tenant.ada, { limit: 9 })).map(({ task }) => task.id)).toEqual([one, two]);
  });

  it('counts for itself: two kinds between the same tasks are two edges', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 2 });
    const [one = '', two = ''] = tenant.tasks.map(({ id }) => id);
    const { edges } = given.node;
    for (const kind of ['blocks', 'waits_for', 'related'] as const)
      await edges.add(tenant.caller, two, { taskId: one, kind });

    expect((await tenant.get(two)).openBlockers).toBe(2);
    await edges.remove(tenant.caller, two, one, 'related');
    await edges.remove(tenant.caller, two, one, 'blocks');
    expect((await tenant.get(two)).openBlockers).toBe(1);
  });

  it.each(['held', 'completed', 'failed', 'cancelled'])(
    'is refused for one that is %s, unless it is a link',
    async (how) => {
      const tenant = await given.workspace({ agents: ['ada'] });
      const { id } = await tenant.task({ maxAttempts: 1 });
      if (how === 'cancelled') await given.node.interventions.cancel(tenant.caller, id);
      else await tenant.claim(tenant.ada);
      if (how === 'completed') await given.node.claims.complete(tenant.caller, { taskId: id, epoch: 1 });
      if (how === 'failed') {
        await given.node.claims.fail(tenant.caller, { taskId: id, epoch: 1 }, { code: 'x', message: 'y' });
      }
      const other = await tenant.task();

      const add = (kind: EdgeKind) => tenant.http.post(`/v1/tasks/${id}/edges`, { taskId: other.id, kind });
      expect(await add('blocks')).toMatchObject({ status: 409, body: { code: 'task_not_waiting' } });
      expect(await add('related')).toMatchObject({ status: 201, body: { resolvedAt: expect.any(String) as string } });
    },
  );

  it('is never that to a parent, which is given for good', async () => {
    const tenant = await given.workspace();
    const parent = await tenant.task();
    const child = await tenant.task({ parentTaskId: parent.id });
    const path = `/v1/tasks/${child.id}/edges`;

    expect((await tenant.http.post(path, { taskId: parent.id, kind: 'parent_child' })).status).toBe(400);
    expect((await tenant.http.delete(`${path}/${parent.id}?kind=parent_child`)).status).toBe(400);
    expect((await tenant.http.get<{ items: [] }>(path)).body.items).toHaveLength(1);
  });

  it('is removed while its blocker is completed: the task loses one blocker, not two, ×60', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    for (let round = 0; round < 3; round++) {
      const blockers = await Promise.all(Array.from({ length: 20 }, () => tenant.task()));
      const waiting = await Promise.all(
        blockers.map(({ id }) => tenant.task({ dependsOn: [{ taskId: id }], runAt: new Date(Date.now() + 60_000) })),
      );
      const leases = await tenant.claim(tenant.ada, { limit: 20 });
      expect(leases).toHaveLength(20);

      const results = await Promise.allSettled([
        ...waiting.map(({ id }, n) => given.second.edges.remove(tenant.caller, id, blockers[n]?.id ?? '', 'blocks')),
        ...leases.map(({ task, epoch }) => given.node.claims.complete(tenant.caller, { taskId: task.id, epoch })),
      ]);

      expect(new Set(outcomes(results))).toEqual(new Set(['fulfilled']));
    }
    expect(await tenant.rows('SELECT id FROM tasks WHERE tenant_id = $1 AND open_blockers <> 0')).toEqual([]);
  });

  it('is added while its blocker ends: nothing is left waiting for what has ended, ×60', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    for (let round = 0; round < 3; round++) {
      const blockers = await Promise.all(Array.from({ length: 20 }, () => tenant.task()));
      const leases = await tenant.claim(tenant.ada, { limit: 20 });
      const others = await Promise.all(
        blockers.map(() => tenant.task({ type: 'other', runAt: new Date(Date.now() + 60_000) })),
      );

      const results = await Promise.allSettled([
        ...others.map(({ id }, n) => given.second.edges.add(tenant.caller, id, { taskId: blockers[n]?.id ?? '' })),
        ...leases.map(({ task, epoch }) => given.node.claims.complete(tenant.caller, { taskId: task.id, epoch })),
      ]);

      expect(new Set(outcomes(results))).toEqual(new Set(['fulfilled']));
    }
    expect(await tenant.rows('SELECT id FROM tasks WHERE tenant_id = $1 AND open_blockers <> 0')).toEqual([]);
    expect(await tenant.rows('SELECT 1 FROM task_edges WHERE tenant_id = $1 AND resolved_at IS NULL')).toEqual([]);
  });
});
