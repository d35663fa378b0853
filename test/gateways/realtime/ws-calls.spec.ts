import { randomUUID } from 'node:crypto';
import { type ConnectOptions, SocketClient } from '../../support/socket-client.js';
import { startGiven } from '../../support/given.js';
import { until } from '../../support/until.js';

const ENCODINGS = ['json', 'msgpack'] as const;

interface LeaseAnswer {
  leases: { task: { id: string; title: string }; epoch: number }[];
}

describe.each(ENCODINGS)('methods over WebSocket, in %s', (encoding) => {
  const given = startGiven();
  const open: SocketClient[] = [];
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

  const connect = async (key: string, more: ConnectOptions = {}): Promise<SocketClient> => {
    const client = await SocketClient.open(given.node.url, { key, encoding, ...more });
    open.push(client);
    return client;
  };

  it('[S157] does the work of an agent: register, create, claim, heartbeat, progress, complete', async () => {
    const { key, get } = await given.tenant();
    const client = await connect(key);
    expect(client.ws.protocol).toBe(`muster.v1+${encoding}`);

    const agent = await client.call<{ id: string }>('agent.register', { name: 'ada', capabilities: ['search'] });
    const task = await client.call<{ id: string }>('task.create', { type: 'build', title: 'Grüße\n✓' });
    const { leases } = await client.call<LeaseAnswer>('task.claim', { agentId: agent.id });
    const epoch = leases[0]?.epoch;
    expect(leases[0]?.task).toMatchObject({ id: task.id, title: 'Grüße\n✓' });
    const beats = await client.call('task.heartbeat', { leases: [{ taskId: task.id, epoch }] });
    expect(beats).toMatchObject({ results: [{ taskId: task.id, status: 'in_progress' }] });
    await client.call('task.progress', { id: task.id, epoch, percent: 40 });
    await client.call('task.complete', { id: task.id, epoch, result: { sources: 3, deep: [1.5, null, true] } });

    expect(await get(task.id)).toMatchObject({ status: 'completed', result: { sources: 3, deep: [1.5, null, true] } });
  });

  it('answers as the route does, lists and empty answers included', async () => {
    const { key, http, workspace } = await given.tenant();
    const client = await connect(key);
    await client.call('task.createBatch', { tasks: [1, 2, 3].map((n) => ({ type: 'build', title: `Task ${n}` })) });

    const page = await client.call('task.list', { workspaceId: workspace.id, limit: 2, status: ['pending', 'failed'] });
    const { body } = await http.get(`/v1/tasks?workspaceId=${workspace.id}&limit=2&status=pending,failed`);
    expect(page).toEqual(body);
    const pause = { scope: 'workspace', subject: workspace.id };
    expect(await client.call('task.pause', pause)).toMatchObject(pause);
    expect(await client.ask('task.resume', pause)).toMatchObject({ result: null });
    const feed = await client.call<{ events: unknown[] }>('workspace.events', { id: workspace.id, after: 0 });
    expect(feed.events.length).toBeGreaterThan(3);
  });

  it('refuses as the route does, with the number of the error and the problem', async () => {
    const { key, keyFor, http } = await given.tenant();
    const client = await connect(key);
    const id = randomUUID();

    const missing = await client.ask('task.get', { id });
    const { body, status } = await http.get<Record<string, unknown>>(`/v1/tasks/${id}`);
    const { instance: _, ...problem } = body;
    expect(status).toBe(404);
    expect(missing.error).toMatchObject({ code: -32_004, message: problem.detail, data: problem });

    const refused = await client.ask('task.create', { type: 'build', titel: 'Typo' });
    expect(refused.error).toMatchObject({ code: -32_602, data: { status: 400, code: 'invalid_input' } });
    const fields = (refused.error?.data.errors as { field: string }[]).map(({ field }) => field);
    expect(fields).toEqual(expect.arrayContaining(['titel', 'title']));

    const reader = await connect(await keyFor('tasks:read'));
    const forbidden = await reader.ask('task.create', { type: 'build', title: 'No' });
    expect(forbidden.error).toMatchObject({ code: -32_003, data: { code: 'missing_scope' } });
    expect(await reader.call('task.list')).toMatchObject({ items: [] });
  });

  it('takes the parameters that are headers of the route', async () => {
    const { key, rows } = await given.tenant();
    const client = await connect(key);
    const asked = { type: 'build', title: 'Once', idempotencyKey: 'a' };

    const first = await client.call<{ id: string; version: number }>('task.create', asked);
    expect(await client.call('task.create', asked)).toEqual(first);
    expect(await rows('SELECT id FROM tasks WHERE tenant_id = $1')).toHaveLength(1);
    const other = await client.ask('task.create', { ...asked, title: 'Twice' });
    expect(other.error).toMatchObject({ code: -32_022 });

    const change = { id: first.id, title: 'Changed' };
    expect((await client.ask('task.update', change)).error).toMatchObject({ code: -32_028 });
    await client.call('task.update', { ...change, ifMatch: first.version });
    const stale = await client.ask('task.update', { ...change, ifMatch: first.version });
    expect(stale.error).toMatchObject({ code: -32_012, data: { code: 'stale_version' } });
  });

  it.each([
    ['task.get', {}, 'id', 'isDefined'],
    ['task.get', { id: '..' }, 'id', 'isUuid'],
    ['task.get', { id: 7 }, 'id', 'isUuid'],
    ['task.get', { id: randomUUID(), foo: 1 }, 'foo', 'isKnown'],
    ['task.get', { id: randomUUID(), idempotencyKey: 'a' }, 'idempotencyKey', 'isKnown'],
    ['task.retry', { id: randomUUID(), force: true }, 'force', 'isKnown'],
    ['task.list', { status: { is: 'pending' } }, 'status', 'isText'],
    ['task.list', { colour: 'red' }, 'colour', 'isKnown'],
    ['task.create', { type: 'a', title: 'b', idempotencyKey: 'ä' }, 'idempotencyKey', 'isIdempotencyKey'],
    ['task.create', { type: 'a', title: 'b', ifMatch: 1 }, 'ifMatch', 'isKnown'],
    ['task.update', { id: randomUUID(), title: 'b', ifMatch: '*' }, 'ifMatch', 'isInt'],
    ['task.list', { progressToken: [] }, 'progressToken', 'isToken'],
  ])('names the parameter that %s refuses: %j', async (method, params, field, rule) => {
    const { key } = await given.tenant();
    const { error } = await (await connect(key)).ask(method, params);
    expect(error).toMatchObject({ code: -32_602, data: { errors: [expect.objectContaining({ field, rule })] } });
  });

  it('answers batches once, in order, notifications not at all, and each on its own', async () => {
    const { key, rows } = await given.tenant();
    const client = await connect(key);
    const create = (title: string, id?: number) => ({
      jsonrpc: '2.0',
      method: 'task.create',
      params: { type: 'build', title },
      ...(id !== undefined && { id }),
    });

    client.send([create('One', 1), create('Untold'), { jsonrpc: '2.0', id: 2, method: 'none' }, 7, create('Two', 3)]);
    client.send([create('Untold too')]);
    const batch = await client.batch();
    expect(batch.map(({ id, error }) => [id, error?.code])).toEqual([
      [1, undefined],
      [2, -32_601],
      [null, -32_600],
      [3, undefined],
    ]);
    const titles = async () =>
      (await rows<{ title: string }>('SELECT title FROM tasks WHERE tenant_id = $1')).map((one) => one.title);
    await until(async () => (await titles()).length === 4, 'all are created');
    expect((await titles()).sort()).toEqual(['One', 'Two', 'Untold', 'Untold too']);
    expect(client.messages).toHaveLength(1);
  });

  it('does no more of a batch than what may wait to be answered', async () => {
    const { key, workspace } = await given.tenant();
    const client = await connect(key);
    const content = 'x'.repeat(800_000);
    const { id } = await client.call<{ id: string }>('document.create', {
      id: workspace.id,
      title: 'Large',
      kind: 'versioned',
      content,
    });
    client.send(
      Array.from({ length: 60 }, (_, n) => ({ jsonrpc: '2.0', id: n, method: 'document.get', params: { id } })),
    );
    const batch = await client.batch();
    const codes = batch.map(({ error }) => error?.data.code);
    const done = codes.filter((code) => code === undefined).length;
    // Those under way at once may pass the limit together.
    expect(done).toBeGreaterThanOrEqual(6);
    expect(done).toBeLessThanOrEqual(6 + 16);
    expect(new Set(codes)).toEqual(new Set([undefined, 'batch_answer_too_large']));
  });

  it('has methods of its own', async () => {
    const { key } = await given.tenant();
    const client = await connect(key);
    expect(await client.call('ping')).toEqual({});
    expect(Date.parse((await client.call<{ time: string }>('time')).time)).toBeCloseTo(Date.now(), -5);
    expect(await client.call('subscriptions')).toEqual({ subscriptions: [] });
    const { methods } = await client.call<{ methods: { name: string; params: { name: string }[] }[] }>('methods');
    for (const { name } of methods) {
      const { error } = await client.ask(name, {});
      expect({ name, code: error?.code }).not.toEqual({ name, code: -32_601 });
    }
    const complete = methods.find(({ name }) => name === 'task.complete');
    expect(complete?.params.map(({ name }) => name)).toEqual(expect.arrayContaining(['id', 'idempotencyKey']));
    expect(methods.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['subscribe', 'task.claim', 'agent.register']),
    );
  });
});
