import { v7 as uuidv7 } from 'uuid';
import { aTask, outcomes, startGiven, type Tenant } from '../support/given.js';

interface Cycle {
  code: string;
  path: string[];
}

/** Whether some task waits, directly or not, for itself. */
const CIRCLES = `
  WITH RECURSIVE walk AS (
    SELECT blocked_id AS start, blocker_id AS at FROM task_edges WHERE tenant_id = $1 AND kind <> 'related'
    UNION SELECT w.start, e.blocker_id FROM walk w JOIN task_edges e ON e.tenant_id = $1 AND e.blocked_id = w.at
      AND e.kind <> 'related'
  ) SELECT start FROM walk WHERE start = at`;

describe('edges that would close a circle', () => {
  const given = startGiven({ nodes: 2 });

  const edge = ({ http }: Tenant, blocked: string, blocker: string, kind = 'blocks') =>
    http.post<Cycle>(`/v1/tasks/${blocked}/edges`, {
      taskId: blocker,
      kind,
      ...(kind === 'conditional' && { outcome: 'failed' }),
    });
  const refused = (...path: string[]) => ({ status: 422, body: { code: 'dependency_cycle', path } });
  const make = async (count: number) => {
    const tenant = await given.workspace({ tasks: count });
    return { tenant, ids: tenant.tasks.map(({ id }) => id) };
  };

  it('to the task itself are refused, of every kind', async () => {
    const { tenant, ids } = await make(1);
    const [id = ''] = ids;
    for (const kind of ['blocks', 'waits_for', 'conditional', 'related']) {
      expect(await edge(tenant, id, id, kind)).toMatchObject(refused(id, id));
    }
    const own = uuidv7();
    const made = given.node.tasks.create(tenant.caller, aTask({ id: own, dependsOn: [{ taskId: own }] }));
    await expect(made).rejects.toMatchObject({ code: 'dependency_cycle', details: { path: [own, own] } });
    expect(await tenant.rows('SELECT 1 FROM task_edges WHERE tenant_id = $1')).toEqual([]);
  });

  it('between two are refused, with whatever kinds, and leave nothing behind', async () => {
    const { tenant, ids } = await make(2);
    const [one = '', two = ''] = ids;
    await edge(tenant, one, two, 'waits_for');
    const before = await tenant.get(two);

    for (const kind of ['blocks', 'waits_for', 'conditional']) {
      expect(await edge(tenant, two, one, kind)).toMatchObject(refused(two, one, two));
    }
    expect(await tenant.get(two)).toEqual(before);
    expect(await tenant.events.of(two)).toEqual(['task.created']);
    expect((await edge(tenant, two, one, 'related')).status).toBe(201);
  });

  it('through a hundred others are refused with the whole path', async () => {
    const { tenant, ids } = await make(0);
    const chain = Array.from({ length: 101 }, () => uuidv7());
    await given.node.tasks.createBatch(
      tenant.caller,
      chain.map((id, n) => aTask({ id, dependsOn: n > 0 ? [{ taskId: chain[n - 1] ?? '' }] : [] })),
    );
    expect(ids).toEqual([]);
    const [first = '', last = ''] = [chain[0], chain.at(-1)];

    expect(await edge(tenant, first, last)).toMatchObject(refused(first, ...chain.toReversed()));
  });

  it('go by the shortest way where there are several', async () => {
    const { tenant, ids } = await make(4);
    const [a = '', b = '', c = '', d = ''] = ids;
    for (const [blocked, blocker] of [[d, c], [c, b], [b, a], [d, a]] as const) await edge(tenant, blocked, blocker); // prettier-ignore

    expect(await edge(tenant, a, d)).toMatchObject(refused(a, d, a));
  });

  it('are no circles: a diamond, and the same way twice', async () => {
    const { tenant, ids } = await make(4);
    const [a = '', b = '', c = '', d = ''] = ids;
    for (const [blocked, blocker] of [
      [b, a],
      [c, a],
      [d, b],
      [d, c],
      [d, a],
    ] as const)
      // prettier-ignore
      expect((await edge(tenant, blocked, blocker)).status).toBe(201);
    expect((await edge(tenant, d, a, 'waits_for')).status).toBe(201);
  });

  it('can be closed once the way back is gone', async () => {
    const { tenant, ids } = await make(2);
    const [one = '', two = ''] = ids;
    await edge(tenant, one, two);
    expect((await edge(tenant, two, one)).status).toBe(422);
    await tenant.http.delete(`/v1/tasks/${one}/edges/${two}`);
    expect((await edge(tenant, two, one)).status).toBe(201);
  });

  it('in a batch are refused by their refs, and nothing is made', async () => {
    const { tenant } = await make(0);
    const item = (ref: string, ...on: string[]) => ({ ...aTask(), ref, dependsOn: on.map((one) => ({ ref: one })) });

    const answer = await tenant.http.post<Cycle>('/v1/tasks/batch', {
      tasks: [item('free'), item('a', 'c', 'free'), item('b', 'a'), item('c', 'b')],
    });

    expect(answer).toMatchObject({ status: 422, body: { code: 'dependency_cycle' } });
    expect(answer.body.path).toHaveLength(4);
    expect(new Set(answer.body.path)).toEqual(new Set(['a', 'b', 'c']));
    expect(await tenant.http.post('/v1/tasks/batch', { tasks: [item('a', 'a')] })).toMatchObject(refused('a', 'a'));
    expect(await tenant.rows('SELECT 1 FROM tasks WHERE tenant_id = $1')).toEqual([]);
  });

  it('to another tenant are refused like those to nothing', async () => {
    const [{ tenant, ids }, { ids: theirs }] = [await make(1), await make(1)];
    const [id = ''] = ids;
    for (const other of [theirs[0] ?? '', uuidv7()]) {
      expect(await edge(tenant, id, other)).toMatchObject({ status: 404, body: { code: 'not_found' } });
      expect((await tenant.http.delete(`/v1/tasks/${id}/edges/${other}`)).status).toBe(404);
      expect((await tenant.http.post('/v1/tasks', aTask({ dependsOn: [{ taskId: other }] }))).status).toBe(404);
    }
  });

  it('from both sides at once, on two nodes: one wins, a hundred times', async () => {
    const { tenant, ids } = await make(200);
    for (let round = 0; round < 100; round++) {
      const [one = '', two = ''] = ids.slice(round * 2);
      const results = await Promise.allSettled([
        given.node.edges.add(tenant.caller, one, { taskId: two }),
        given.second.edges.add(tenant.caller, two, { taskId: one }),
      ]);
      expect(outcomes(results).sort()).toEqual(['dependency_cycle', 'fulfilled']);
    }
    expect(await tenant.rows(CIRCLES)).toEqual([]);
    expect(await tenant.rows('SELECT id FROM tasks WHERE tenant_id = $1 AND open_blockers = 1')).toHaveLength(100);
  });

  it('around a ring of five from five sides at once: one is refused, and no circle remains', async () => {
    for (let round = 0; round < 10; round++) {
      const { tenant, ids } = await make(5);
      const results = await Promise.allSettled(
        ids.map((id, n) =>
          (given.nodes[n % 2] ?? given.node).edges.add(tenant.caller, id, { taskId: ids[(n + 1) % 5] ?? '' }),
        ),
      );
      expect(outcomes(results).filter((outcome) => outcome === 'dependency_cycle')).toHaveLength(1);
      expect(await tenant.rows(CIRCLES)).toEqual([]);
    }
  });

  it('from both sides, each inside a repeatable request, are refused as well', async () => {
    const { tenant, ids } = await make(20);
    for (let round = 0; round < 10; round++) {
      const [one = '', two = ''] = ids.slice(round * 2);
      const send = (http: Tenant['http'], blocked: string, taskId: string) =>
        http.post(`/v1/tasks/${blocked}/edges`, { taskId }, { headers: { 'idempotency-key': uuidv7() } });
      const answers = await Promise.all([send(tenant.http, one, two), send(tenant.http2, two, one)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 422]);
    }
    expect(await tenant.rows(CIRCLES)).toEqual([]);
  });
});
