import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import {
  type BatchTask,
  PRIORITIES,
  rankOf,
  type Task,
  TASK_SORTING,
  type TaskList,
  type TaskView,
} from '../../src/tasks/index.js';
import { type Answer } from '../support/http-client.js';
import { aTask, startGiven, type Tenant } from '../support/given.js';

interface Page {
  items: TaskView[];
  hasMore: boolean;
  nextCursor: string | null;
  totalCount?: number;
}

describe('listing tasks', () => {
  const given = startGiven();

  const list = ({ http }: Tenant, query: Record<string, string | string[]> = {}): Promise<Answer<Page>> => {
    const pairs = Object.entries(query).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one]),
    );
    return http.get<Page>(`/v1/tasks?${new URLSearchParams(pairs)}`);
  };
  const titles = async (tenant: Tenant, query: Record<string, string | string[]>) =>
    (await list(tenant, query)).body.items.map(({ title }) => title);
  /** All pages, by their cursors. */
  const paged = async (tenant: Tenant, query: Record<string, string>, between?: () => Promise<unknown>) => {
    const all: TaskView[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const { status, body } = await list(tenant, { ...query, ...(after !== undefined && { after }) });
      expect(status).toBe(200);
      all.push(...body.items);
      after = body.nextCursor;
      expect(body.hasMore).toBe(after !== null);
      await between?.();
    }
    return all;
  };

  describe('with one filter', () => {
    let tenant: Tenant;
    let ids: Record<'ada' | 'lab' | 'parent' | 'a', string>;
    let between: string;

    beforeAll(async () => {
      tenant = await given.tenant();
      const ada = await tenant.agent('ada');
      const { body: lab } = await tenant.http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
      const parent = await tenant.task({ title: 'parent', externalRef: 'X-1' });
      const a = await tenant.task({
        title: 'a',
        type: 'test',
        priority: 'high',
        tags: ['x', 'y'],
        parentTaskId: parent.id,
      });
      between = new Date(a.createdAt.getTime() + 1).toISOString();
      await tenant.rows(`SELECT pg_sleep(0.01), $1`);
      const b = await tenant.task({
        title: 'b',
        tags: ['x'],
        requiredCapabilities: ['sql', 'go'],
        workspaceId: lab.id,
      });
      await given.node.tasks.create({ ...tenant.caller, actorId: 'carl' }, aTask({ title: 'c', assignedTo: ada.id }));
      await given.node.tasks.update(tenant.caller, parent.id, 1, { description: 'later' });
      const gone = await tenant.task({ title: 'gone' });
      await given.node.tasks.delete(tenant.caller, gone.id);
      ids = { ada: ada.id, lab: lab.id, parent: parent.id, a: a.id };
      expect(b.workspaceId).toBe(lab.id);
    });

    it.each<[string, () => Record<string, string | string[]>, string[]]>([
      ['nothing: all but the deleted [S35]', () => ({}), ['parent', 'a', 'b', 'c']],
      ['status [S36]', () => ({ status: 'assigned' }), ['c']],
      ['several statuses', () => ({ status: ['pending', 'assigned'] }), ['parent', 'a', 'b', 'c']],
      ['several statuses in one', () => ({ status: 'completed,assigned' }), ['c']],
      ['type [S37]', () => ({ type: 'test' }), ['a']],
      ['assignedTo [S38]', () => ({ assignedTo: ids.ada }), ['c']],
      ['createdAfter, strictly [S39]', () => ({ createdAfter: between }), ['b', 'c']],
      ['createdBefore', () => ({ createdBefore: between }), ['parent', 'a']],
      ['updatedAfter', () => ({ updatedAfter: between }), ['parent', 'b', 'c']],
      ['updatedBefore', () => ({ updatedBefore: between }), ['a']],
      ['priority', () => ({ priority: 'high,low' }), ['a']],
      ['createdBy', () => ({ createdBy: 'carl' }), ['c']],
      ['externalRef', () => ({ externalRef: 'X-1' }), ['parent']],
      ['workspace', () => ({ workspaceId: ids.lab }), ['b']],
      ['parent', () => ({ parentTaskId: ids.parent.toUpperCase() }), ['a']],
      ['having subtasks', () => ({ hasSubtasks: 'true' }), ['parent']],
      ['having none', () => ({ hasSubtasks: 'false' }), ['a', 'b', 'c']],
      ['tags, all of them', () => ({ tags: 'x,y' }), ['a']],
      ['a tag', () => ({ tags: 'x' }), ['a', 'b']],
      ['capabilities, as they are kept', () => ({ requiredCapabilities: 'SQL' }), ['b']],
      ['an empty filter', () => ({ status: '' }), ['parent', 'a', 'b', 'c']],
      ['what a statement would trip over [S43]', () => ({ type: `x' OR '1'='1`, createdBy: '$1;--' }), []],
    ])('%s', async (_, query, expected) => expect(await titles(tenant, query())).toEqual(expected));

    it('is strict about createdAfter to the millisecond [S39]', async () => {
      const { createdAt } = await tenant.get(ids.a);
      const at = (ms: number) => new Date(createdAt.getTime() + ms).toISOString();

      expect(await titles(tenant, { createdAfter: at(0), type: 'test' })).toEqual([]);
      expect(await titles(tenant, { createdAfter: at(-1), type: 'test' })).toEqual(['a']);
    });

    it('counts when asked', async () => {
      const { body } = await list(tenant, { limit: '1', withTotal: 'true', tags: 'x' });
      expect(body).toMatchObject({ totalCount: 2, hasMore: true });
      expect((await list(tenant)).body).not.toHaveProperty('totalCount');
    });
  });

  it.each([
    ['sort', 'colour', /createdAt, -createdAt, updatedAt, -updatedAt, priority, -priority, deadline, -deadline/],
    ['status', 'done', /pending, assigned, accepted/],
    ['priority', 'urgent', /critical, high, normal, low, backlog/],
    ['limit', '501', /1 to 500/],
    ['limit', '0', /1 to 500/],
    ['offset', '-1', /0 to/],
    ['createdAfter', 'yesterday', /2026-01-31T09:30:00Z/],
    ['hasSubtasks', 'maybe', /true or false/],
    ['assignedTo', 'ada', /UUID/],
    ['after', 'bm9wZQ', /after/],
    ['colour', 'red', /not a known field/],
  ])('refuses %s=%s with the field and what is allowed [S41]', async (field, value, words) => {
    const { status, body } = await list(await given.tenant(), { [field]: value });

    expect({ status, body }).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect(JSON.stringify(body)).toMatch(words);
  });

  it('counts an unknown sort as createdAt in the library call [S41]', async () => {
    const { caller, tasks } = await given.workspace({ tasks: 3 });
    const { items } = await given.node.tasks.list(caller, { sort: 'colour; DROP TABLE tasks' });
    expect(items).toEqual(tasks);
  });

  it('limits and skips only by numbers above 0 [S42]', async () => {
    const { caller, tasks } = await given.workspace({ tasks: 5 });
    const ids = async (page: TaskList) => (await given.node.tasks.list(caller, page)).items.map(({ id }) => id);
    const all = tasks.map(({ id }) => id);

    expect(await ids({ limit: 2, offset: 1 })).toEqual(all.slice(1, 3));
    expect(await ids({ limit: 0, offset: 0 })).toEqual(all);
    expect(await ids({ limit: -1, offset: -5 })).toEqual(all);
    expect(await ids({ offset: 3 })).toEqual(all.slice(3));
  });

  it.each(TASK_SORTING.names)('pages by %s without repeat or loss [S40]', async (sort) => {
    const tenant = await given.tenant();
    const tasks = Array.from({ length: 40 }, (_, n) =>
      aTask({
        priority: PRIORITIES[n % 3],
        deadline: n % 4 ? new Date(Date.UTC(2030, 0, 1 + (n % 5))) : null,
      }),
    );
    const created = await given.node.tasks.createBatch(tenant.caller, tasks);

    const all = await paged(tenant, { sort, limit: '7' });

    expect(all.map(({ id }) => id).sort()).toEqual(created.map(({ id }) => id).sort());
    const whole = (await list(tenant, { sort, limit: '500' })).body.items;
    expect(all).toEqual(whole);
    const deadlines = whole.map(({ deadline }) => (deadline ? Date.parse(String(deadline)) : Infinity));
    if (sort === 'deadline') expect(deadlines).toEqual(deadlines.toSorted((a, b) => (a === b ? 0 : a - b)));
    const other = sort === 'priority' ? 'deadline' : 'priority';
    const { body } = await list(tenant, { sort, limit: '7' });
    expect((await list(tenant, { sort: other, after: String(body.nextCursor) })).status).toBe(400);
  });

  it.each(['createdAt', '-createdAt', 'priority'])(
    'pages by %s while others insert: what was there comes once',
    async (sort) => {
      const tenant = await given.tenant();
      const before = await given.node.tasks.createBatch(
        tenant.caller,
        Array.from({ length: 60 }, (_, n) => aTask({ priority: PRIORITIES[n % 5] })),
      );

      // A reader in ascending order follows the writers, so these stop.
      let inserts = 6;
      const insert = async () => {
        if (inserts-- > 0) await Promise.all(PRIORITIES.map((priority) => tenant.task({ priority })));
      };
      const ids = (await paged(tenant, { sort, limit: '10' }, insert)).map(({ id }) => id);

      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
    },
  );

  it('answers what a naive model answers, for any filters, sort and page', async () => {
    const tenant = await given.tenant();
    const agents = [await tenant.agent('ada'), await tenant.agent('bob')];
    const root = await tenant.task();
    type ImportedStatus = NonNullable<BatchTask['status']>;
    const pick = <T>(...of: T[]) => fc.constantFrom(...of);
    const tags = fc.subarray(['x', 'y', 'z']);
    const time = fc.integer({ min: 0, max: 6 }).map((hours) => new Date(Date.UTC(2025, 0, 1, hours)));
    const imported = fc.record({
      type: pick('build', 'test'),
      title: fc.constant('t'),
      priority: pick(...PRIORITIES),
      tags,
      requiredCapabilities: fc.subarray(['go', 'sql']),
      assignedTo: pick(null, ...agents.map(({ id }) => id)),
      parentTaskId: pick(null, root.id),
      // In the future, or they would time out meanwhile.
      deadline: fc.option(time.map((at) => new Date(at.getTime() + 10 * 365 * 86_400_000))),
      createdAt: time,
      externalRef: pick(null, 'A', 'B'),
      status: pick<ImportedStatus>('pending', 'completed', 'cancelled'),
    });
    const [inputs] = fc.sample(fc.array(imported, { minLength: 150, maxLength: 150 }), { numRuns: 1, seed: 42 });
    await given.node.tasks.createBatch(tenant.caller, inputs ?? []);
    const { items: all } = await given.node.tasks.list(tenant.caller, {});

    const some = <T>(values: T[]) => fc.option(fc.subarray(values, { minLength: 1 }), { nil: undefined });
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const query = fc.record({
      status: some<Task['status']>(['pending', 'assigned', 'completed', 'cancelled', 'failed']),
      priority: some([...PRIORITIES]),
      type: some(['build', 'test', 'none']),
      assignedTo: some([...agents.map(({ id }) => id), randomUUID()]),
      externalRef: some(['A', 'B']),
      parentTaskId: maybe(pick(root.id, randomUUID())),
      hasSubtasks: maybe(fc.boolean()),
      tags: maybe(tags),
      requiredCapabilities: maybe(fc.subarray(['go', 'sql'])),
      createdAfter: maybe(time),
      createdBefore: maybe(time),
      sort: pick(...TASK_SORTING.names),
      limit: maybe(fc.integer({ min: 1, max: 30 })),
      offset: maybe(fc.integer({ min: 0, max: 20 })),
    });

    await fc.assert(
      fc.asyncProperty(query, async (one) => {
        const { items, hasMore, totalCount } = await given.node.tasks.list(tenant.caller, one, { withTotal: true });
        const expected = model(all, one);
        const from = one.offset ?? 0;
        const to = one.limit ? from + one.limit : undefined;
        expect(items.map(({ id }) => id)).toEqual(expected.slice(from, to).map(({ id }) => id));
        expect(hasMore).toBe(to !== undefined && expected.length > to);
        expect(totalCount).toBe(expected.length);
      }),
      { numRuns: 400 },
    );
  });
});

/** What a list means, said once more without SQL. */
function model(all: readonly Task[], list: TaskList): Task[] {
  const { sort = 'createdAt' } = list;
  const is = <T>(allowed: readonly T[] | undefined, value: T | null) =>
    !allowed || (value !== null && allowed.includes(value));
  const has = (wanted: readonly string[] | undefined, values: readonly string[]) =>
    !wanted || wanted.every((one) => values.includes(one));
  const parents = new Set(all.map((task) => task.parentTaskId));
  const fits = all.filter(
    (task) =>
      is(list.status, task.status) &&
      is(list.priority, task.priority) &&
      is(list.type, task.type) &&
      is(list.assignedTo, task.assignedTo) &&
      is(list.externalRef, task.externalRef) &&
      (list.parentTaskId === undefined || task.parentTaskId === list.parentTaskId) &&
      (list.hasSubtasks === undefined || parents.has(task.id) === list.hasSubtasks) &&
      has(list.tags, task.tags) &&
      has(list.requiredCapabilities, task.requiredCapabilities) &&
      (!list.createdAfter || task.createdAt > list.createdAfter) &&
      (!list.createdBefore || task.createdAt < list.createdBefore),
  );
  const key = (task: Task): number => {
    switch (sort.replace('-', '')) {
      case 'priority':
        return rankOf(task.priority);
      case 'deadline':
        return task.deadline?.getTime() ?? Number.MAX_SAFE_INTEGER;
      case 'updatedAt':
        return task.updatedAt.getTime();
      default:
        return task.createdAt.getTime();
    }
  };
  const sign = sort.startsWith('-') ? -1 : 1;
  return fits.toSorted((a, b) => sign * (key(a) - key(b) || (a.id < b.id ? -1 : 1)));
}
