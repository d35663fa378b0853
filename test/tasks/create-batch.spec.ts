import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { BatchTask } from '../../src/tasks/index.js';
import { aTask, startGiven } from '../support/given.js';

interface Created {
  items: { id: string; ref?: string }[];
}

const NDJSON = { headers: { 'content-type': 'application/x-ndjson' } };
/** What a line of COPY, an array literal or JSON could trip over. */
const AWKWARD = [
  '\t',
  '\n',
  '\r\n',
  '\\',
  '\\.',
  '\\N',
  '"',
  "'",
  '{}',
  '{a,"b"}',
  'NULL',
  '',
  ' ',
  '🦊',
  'שלום \u202E',
  '\u2028',
  '$1',
  '\x01\x08\x0b\x7f',
  '\\t\\\\n',
];

describe('creating a batch of tasks', () => {
  const given = startGiven();
  const count = async ({ rows }: { rows: <T>(sql: string) => Promise<T[]> }, table = 'tasks') =>
    (await rows<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`))[0]?.n;

  it('makes all of them with ids, one time and their events in the order given [S31] [S32] [S33]', async () => {
    const tenant = await given.tenant();
    const tasks = Array.from({ length: 50 }, (_, n) => ({ ...aTask({ title: `Task ${n}` }), ref: `r${n}` }));

    const { status, body } = await tenant.http.post<Created>('/v1/tasks/batch', { tasks });

    expect(status).toBe(201);
    expect(body.items.map(({ ref }) => ref)).toEqual(tasks.map(({ ref }) => ref));
    const { items } = await given.node.tasks.getBatch(
      tenant.caller,
      body.items.map(({ id }) => id),
    );
    expect(items.map(({ title }) => title)).toEqual(tasks.map(({ title }) => title));
    expect(new Set(items.flatMap((item) => [item.createdAt, item.updatedAt, item.readyAt].map(Number))).size).toBe(1);
    const created = (await tenant.events.all()).filter(({ type }) => type === 'task.created');
    expect(created.map(({ subjectId }) => subjectId)).toEqual(body.items.map(({ id }) => id));
  });

  it('does nothing for an empty list [S30]', async () => {
    const tenant = await given.tenant();

    expect(await tenant.http.post('/v1/tasks/batch', { tasks: [] })).toMatchObject({
      status: 201,
      body: { items: [] },
    });
    expect(await count(tenant)).toBe(0);
  });

  it('lets its tasks depend on each other and descend from each other by ref, and on others by id', async () => {
    const tenant = await given.tenant();
    const old = await tenant.task();
    const tasks = [
      { ...aTask(), ref: 'last', dependsOn: [{ ref: 'first' }, { taskId: old.id }, { ref: 'first', kind: 'related' }] },
      { ...aTask(), ref: 'first', parentRef: 'root' },
      { ...aTask(), ref: 'root', parentTaskId: old.id },
    ];

    const { body } = await tenant.http.post<Created>('/v1/tasks/batch', { tasks });

    const [last, first, root] = body.items.map(({ id }) => id) as [string, string, string];
    expect(await tenant.get(last)).toMatchObject({ openBlockers: 2 });
    expect(await tenant.get(first)).toMatchObject({ openBlockers: 0, parentTaskId: root });
    expect(await tenant.get(root)).toMatchObject({ parentTaskId: old.id });
    const { body: edges } = await tenant.http.get<{ items: { kind: string }[] }>(`/v1/tasks/${last}/edges`);
    expect(edges.items.map(({ kind }) => kind).sort()).toEqual(['blocks', 'blocks', 'related']);
  });

  it.each<[string, Partial<BatchTask>, number, object]>([
    ['an unknown ref', { dependsOn: [{ ref: 'nobody' }] }, 400, { errors: [{ field: 'tasks[3].dependsOn[0]' }] }],
    ['an unknown parent ref', { parentRef: 'nobody' }, 400, { errors: [{ field: 'tasks[3].parentRef' }] }],
    ['a ref given twice', { ref: 'r0' }, 400, { errors: [{ field: 'tasks[3].ref' }] }],
    ['a dependency on nothing', { dependsOn: [{}] }, 400, { errors: [{ field: 'tasks[3].dependsOn[0]' }] }],
    ['a title that is missing', { title: undefined }, 400, { errors: [{ field: 'tasks[3].title' }] }],
    ['an unknown priority', { priority: 'urgent' as never }, 400, { errors: [{ field: 'tasks[3].priority' }] }],
    ['an unknown field', { colour: 'red' } as object, 400, { errors: [{ field: 'tasks[3].colour', rule: 'isKnown' }] }],
    [
      'an unknown task',
      { dependsOn: [{ taskId: randomUUID() }] },
      404,
      { field: 'tasks[3].dependsOn[0].taskId', rule: 'exists' },
    ],
    ['an unknown parent', { parentTaskId: randomUUID() }, 404, { field: 'tasks[3].parentTaskId' }],
    ['an unknown workspace', { workspaceId: randomUUID() }, 404, { field: 'tasks[3].workspaceId' }],
    ['an unknown agent', { assignedTo: randomUUID() }, 404, { field: 'tasks[3].assignedTo' }],
  ])('refuses %s with its index, and makes nothing [S34]', async (_, bad, status, body) => {
    const tenant = await given.tenant();
    const tasks = [
      ...Array.from({ length: 3 }, (_, n) => ({ ...aTask(), ref: `r${n}` })),
      { ...aTask(), ...bad },
      aTask(),
    ];

    expect(await tenant.http.post('/v1/tasks/batch', { tasks })).toMatchObject({ status, body });
    expect([await count(tenant), await count(tenant, 'task_edges')]).toEqual([0, 0]);
    expect(await tenant.events.all()).toHaveLength(1);
  });

  it('refuses circles by the refs that make them', async () => {
    const { http } = await given.tenant();
    const circle = [
      { ...aTask(), ref: 'free' },
      { ...aTask(), ref: 'a', dependsOn: [{ ref: 'c' }, { ref: 'free' }] },
      { ...aTask(), ref: 'b', dependsOn: [{ ref: 'a' }] },
      { ...aTask(), ref: 'c', dependsOn: [{ ref: 'b' }] },
    ];
    const family = [
      { ...aTask(), ref: 'x', parentRef: 'y' },
      { ...aTask(), ref: 'y', parentRef: 'x' },
    ];

    for (const [tasks, path] of [
      [circle, ['a', 'c', 'b', 'a']],
      [family, ['x', 'y', 'x']],
    ] as const) {
      const { status, body } = await http.post('/v1/tasks/batch', { tasks });
      expect({ status, body }).toMatchObject({ status: 422, body: { code: 'dependency_cycle', path } });
    }
  });

  it('makes 10,000 tasks at once, in a chain, as JSON and as lines', async () => {
    const tenant = await given.tenant();
    const tasks = Array.from({ length: 10_000 }, (_, n) => ({
      ...aTask({ title: `Task ${n}` }),
      ref: `r${n}`,
      dependsOn: n % 100 ? [{ ref: `r${n - 1}` }] : [],
    }));
    const lines = tasks.map((task) => JSON.stringify(task)).join('\n');

    for (const { status, body } of [
      await tenant.http.post<Created>('/v1/tasks/batch', { tasks }),
      await tenant.http.post<Created>('/v1/tasks/batch', `${lines}\n\n`, NDJSON),
    ]) {
      expect(status).toBe(201);
      expect(body.items).toHaveLength(10_000);
    }

    expect([await count(tenant), await count(tenant, 'task_edges')]).toEqual([20_000, 19_800]);
    const free = 'SELECT count(*)::int AS n FROM tasks WHERE tenant_id = $1 AND open_blockers = 0';
    expect(await tenant.rows(free)).toEqual([{ n: 200 }]);
    expect(await tenant.events.all()).toHaveLength(20_001);
  });

  it('names the line of a bad one', async () => {
    const tenant = await given.tenant();
    const body = [aTask(), { ...aTask(), priority: 'urgent' }].map((task) => JSON.stringify(task)).join('\n');

    expect(await tenant.http.post('/v1/tasks/batch', body, NDJSON)).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'tasks[1].priority' }] },
    });
    expect(await tenant.http.post('/v1/tasks/batch', `${JSON.stringify(aTask())}\n{`, NDJSON)).toMatchObject({
      status: 400,
      body: { code: 'malformed_json', line: 2 },
    });
    expect(await count(tenant)).toBe(0);
  });

  it('keeps every text exactly, whatever COPY makes of it elsewhere', async () => {
    const tenant = await given.tenant();
    const text = fc.oneof(
      fc.constantFrom(...AWKWARD),
      fc.string({ unit: 'binary', maxLength: 40 }).filter((one) => !one.includes('\0')),
      fc.array(fc.constantFrom(...AWKWARD), { maxLength: 5 }).map((parts) => parts.join('')),
    );
    const filled = text.map((one) => `x${one}`);
    const record = fc.record({
      title: filled,
      description: fc.option(text),
      externalRef: fc.option(filled),
      tags: fc.uniqueArray(filled, { maxLength: 4 }),
      labels: fc.dictionary(
        filled.filter((key) => key.length < 100),
        text,
        { maxKeys: 4, noNullPrototype: true },
      ),
      parameters: fc.dictionary(
        filled,
        fc.oneof(
          text,
          fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
          fc.array(text),
          fc.boolean(),
        ),
        { noNullPrototype: true },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (records) => {
        const tasks = records.map((one) => ({ ...aTask(), ...one }));
        const created = await given.node.tasks.createBatch(tenant.caller, tasks);
        const { items } = await given.node.tasks.getBatch(
          tenant.caller,
          created.map(({ id }) => id),
        );
        expect(
          items.map(({ title, description, externalRef, tags, labels, parameters }) => ({
            title,
            description,
            externalRef,
            tags,
            labels,
            parameters,
          })),
        ).toEqual(records);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses what PostgreSQL cannot keep instead of changing it, by its index', async () => {
    const { caller } = await given.tenant();
    for (const bad of ['a\0b', 'half \ud83e']) {
      for (const field of [{ title: bad }, { tags: [bad] }, { labels: { [bad]: '' } }, { parameters: { a: [bad] } }]) {
        const made = given.node.tasks.createBatch(caller, [aTask(), aTask(field)]);
        await expect(made).rejects.toMatchObject({
          code: 'invalid_input',
          message: expect.stringMatching(/^tasks\[1\]/),
        });
      }
    }
  });

  it('takes over tasks as they stand elsewhere, for admins only', async () => {
    const tenant = await given.tenant();
    const done = {
      ...aTask(),
      ref: 'done',
      status: 'completed',
      createdAt: '2025-01-01T00:00:00Z',
      completedAt: '2025-01-02T00:00:00Z',
    };
    const tasks = [
      done,
      { ...aTask(), ref: 'gone', status: 'cancelled' },
      { ...aTask(), dependsOn: [{ ref: 'done' }, { ref: 'gone' }] },
    ];
    const { status, body } = await tenant.http.post<Created>('/v1/tasks/import', { tasks });

    expect(status).toBe(201);
    const [first, second, third] = body.items.map(({ id }) => id) as [string, string, string];
    expect(await tenant.get(first)).toMatchObject({
      status: 'completed',
      progress: 100,
      createdAt: new Date('2025-01-01T00:00:00Z'),
      completedAt: new Date('2025-01-02T00:00:00Z'),
    });
    expect(await tenant.get(second)).toMatchObject({ status: 'cancelled', progress: 0 });
    expect(await tenant.get(third)).toMatchObject({ status: 'pending', openBlockers: 1 });
    const key = await tenant.keyFor('write');
    const refused = await tenant.http.post(
      '/v1/tasks/import',
      { tasks },
      { headers: { authorization: `Bearer ${key}` } },
    );
    expect(refused.status).toBe(403);
    expect(await tenant.http.post('/v1/tasks/batch', { tasks })).toMatchObject({ status: 400 });
  });

  it('may be larger than another request, up to its own limits', async () => {
    const { http } = await given.tenant();
    const description = 'x'.repeat(90_000);
    const tasks = Array.from({ length: 30 }, () => aTask({ description }));

    expect((await http.post('/v1/tasks/batch', { tasks })).status).toBe(201);
    expect((await http.post('/v1/tasks', aTask({ description: description.repeat(12) }))).status).toBe(413);
    expect((await http.post('/v1/tasks/batch', { tasks: Array(50_001).fill(0) })).status).toBe(400);
    expect((await http.post('/v1/tasks/batch', '{}\n'.repeat(50_001), NDJSON)).status).toBe(413);
  });
});
