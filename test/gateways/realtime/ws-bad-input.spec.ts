import fc from 'fast-check';
import { type RunningNode, startGiven } from '../../support/given.js';
import { metric } from '../../support/metric.js';
import { type ConnectOptions, SocketClient } from '../../support/socket-client.js';
import { query } from '../../support/database.js';
import { until } from '../../support/until.js';

const MESSAGE_BYTES = 64 * 1024;
const IDLE_MS = 1_500;
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };

const closedBy = (node: RunningNode, reason: string): Promise<number> =>
  metric(node, `sockets_closed_total{reason="${reason}"}`);

/** A map in a map in a map … */
const deepMap = (levels: number): Buffer =>
  Buffer.concat([...Array.from({ length: levels }, () => Buffer.from([0x81, 0xa1, 0x61])), Buffer.from([0x01])]);

describe('bad input over WebSocket', () => {
  const given = startGiven({
    settings: {
      MUSTER_WS_MESSAGE_BYTES: String(MESSAGE_BYTES),
      MUSTER_WS_COMPRESSION: 'on',
      MUSTER_WS_IDLE_MS: String(IDLE_MS),
      MUSTER_WS_BATCH: '5',
      MUSTER_WS_IN_FLIGHT: '2',
    },
  });
  let bystander: SocketClient;
  beforeAll(async () => {
    const { key } = await given.tenant();
    bystander = await SocketClient.open(given.node.url, { key });
    await bystander.subscribe({ feeds: [{}] });
  });
  afterEach(async () => expect(await bystander.call('ping')).toEqual({}));
  afterAll(() => bystander.close());

  const connect = async (more: ConnectOptions = {}): Promise<SocketClient> => {
    const { key } = await given.tenant();
    return SocketClient.open(given.node.url, { key, ...more });
  };

  /** The answer to bytes that are no request, and that the connection serves on. */
  async function refusalOf(
    bytes: Buffer | string,
    encoding: 'json' | 'msgpack' = 'json',
    binary = encoding !== 'json',
  ) {
    const client = await connect({ encoding });
    client.ws.send(bytes, { binary });
    const { error } = await client.answer(null);
    expect(await client.call('ping')).toEqual({});
    await client.close();
    return error;
  }

  it.each([
    ['an object without an end', '{', -32_700, 'malformed_json'],
    ['nothing', '', -32_700, 'malformed_json'],
    ['a word', 'nothing', -32_700, 'malformed_json'],
    ['a number beyond a double', '{"jsonrpc": "2.0", "id": 1e999, "method": "ping"}', -32_602, 'invalid_input'],
    ['a key given twice', '{"id": 1, "id": 2}', -32_602, 'invalid_input'],
    ['70 levels', '['.repeat(70) + ']'.repeat(70), -32_602, 'invalid_input'],
    ['8,000 levels of objects', '{"a":'.repeat(8_000) + '1' + '}'.repeat(8_000), -32_602, 'invalid_input'],
    ['a text alone', '"ping"', -32_600, 'invalid_request'],
    ['an empty batch', '[]', -32_600, 'invalid_request'],
    ['another version', '{"method": "ping"}', -32_600, 'invalid_request'],
    ['a method that is no text', '{"jsonrpc": "2.0", "method": 7}', -32_600, 'invalid_request'],
    ['parameters without names', '{"jsonrpc": "2.0", "method": "ping", "params": [1]}', -32_600, 'invalid_request'],
    ['an id that is an object', '{"jsonrpc": "2.0", "method": "ping", "id": {}}', -32_600, 'invalid_request'],
    ['a member more', '{"jsonrpc": "2.0", "method": "ping", "meta": 1}', -32_600, 'invalid_request'],
    ['a batch above the limit', JSON.stringify(Array(6).fill(ping)), -32_013, 'too_many_items'],
  ])('answers %s', async (_, text, code, stable) => {
    expect(await refusalOf(text)).toMatchObject({ code, data: { code: stable } });
  });

  it.each([
    ['nothing', [], -32_700, 'malformed_messagepack'],
    ['the byte that is never used', [0xc1], -32_700, 'malformed_messagepack'],
    ['an array of 4 billion', [0xdd, 0xff, 0xff, 0xff, 0xff], -32_700, 'malformed_messagepack'],
    ['a map of 4 billion', [0xdf, 0xff, 0xff, 0xff, 0xff], -32_700, 'malformed_messagepack'],
    ['a text that ends early', [0xd9, 0x05, 0x61], -32_700, 'malformed_messagepack'],
    ['a text that is not UTF-8', [0xa1, 0xff], -32_700, 'malformed_messagepack'],
    ['something after the value', [0xc0, 0xc0], -32_700, 'malformed_messagepack'],
    ['bytes', [0xc4, 0x01, 0x61], -32_602, 'invalid_input'],
    ['a time', [0xd6, 0xff, 0, 0, 0, 0], -32_602, 'invalid_input'],
    ['an undefined', [0xd4, 0x00, 0x00], -32_602, 'invalid_input'],
    ['a number beyond a double', [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -32_602, 'invalid_input'],
    ['a NaN', [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], -32_602, 'invalid_input'],
    ['a key that is no text', [0x81, 0x01, 0x01], -32_602, 'invalid_input'],
    ['a key given twice', [0x82, 0xa1, 0x61, 0x01, 0xa1, 0x61, 0x02], -32_602, 'invalid_input'],
    ['a prototype', [0x81, 0xa9, ...Buffer.from('__proto__'), 0x80], -32_602, 'invalid_input'],
    ['60,000 levels', Array<number>(60_000).fill(0x91), -32_602, 'invalid_input'],
    ['20,000 levels of maps', [...deepMap(20_000)], -32_602, 'invalid_input'],
    ['a text alone', [0xa1, 0x61], -32_600, 'invalid_request'],
  ])('answers MessagePack of %s', async (_, bytes, code, stable) => {
    expect(await refusalOf(Buffer.from(bytes), 'msgpack')).toMatchObject({ code, data: { code: stable } });
  });

  it('says which frames the encoding is in', async () => {
    const text = JSON.stringify(ping);
    expect(await refusalOf(text, 'json', true)).toMatchObject({ code: -32_600 });
    expect(await refusalOf(text, 'msgpack', false)).toMatchObject({ code: -32_600 });
  });

  it('names methods that do not exist, and ids that are in use', async () => {
    const { key, tenant: _, ...rest } = { ...(await given.workspace({ agents: ['ada'] })), tenant: 0 };
    const client = await SocketClient.open(given.node.url, { key });
    expect((await client.ask('task.destroy')).error).toMatchObject({
      code: -32_601,
      data: { code: 'method_not_found' },
    });
    expect((await client.ask('constructor')).error).toMatchObject({ code: -32_601 });

    client.request('task.claim', { agentId: rest.ada.id, waitSeconds: 30 }, 'a');
    client.request('ping', {}, 'a');
    expect((await client.answer(null)).error).toMatchObject({ code: -32_600, data: { code: 'id_in_use', id: 'a' } });
    client.notify('cancel', { id: 'a' });
    expect(await client.answer('a')).toMatchObject({ result: { leases: [] } });
    await client.close();
  });

  it('refuses more requests than may be under way, but not what ends one', async () => {
    const { key, ada } = await given.workspace({ agents: ['ada'] });
    const client = await SocketClient.open(given.node.url, { key });
    const waiting = [1, 2].map((id) => client.request('task.claim', { agentId: ada.id, waitSeconds: 30 }, `w${id}`));
    const refused = await client.ask('ping');
    expect(refused.error).toMatchObject({
      code: -32_029,
      data: { code: 'too_many_in_flight', limit: 2, retryAfterSeconds: 1 },
    });
    for (const id of waiting) expect(await client.call('cancel', { id })).toEqual({ cancelled: true });
    await Promise.all(waiting.map((id) => client.answer(id)));
    expect(await client.call('ping')).toEqual({});
    expect(await client.call('cancel', { id: 'none' })).toEqual({ cancelled: false });
    expect((await client.ask('cancel', {})).error).toMatchObject({ code: -32_602 });
    await client.close();
  });

  it('closes on text that is not UTF-8 (1007)', async () => {
    const client = await connect();
    client.sendFrame(0x1, Buffer.from([0x22, 0xff, 0x22]));
    expect(await client.end()).toMatchObject({ code: 1007 });
  });

  it.each([
    ['an opcode that does not exist', (client: SocketClient) => client.sendFrame(0x3, 'a')],
    ['a frame without a mask', (client: SocketClient) => client.raw.write(Buffer.from([0x81, 0x01, 0x61]))],
    ['a continuation of nothing', (client: SocketClient) => client.sendFrame(0x0, 'a')],
    ['a ping in fragments', (client: SocketClient) => client.sendFrame(0x9, 'a', { fin: false })],
  ])('closes on %s (1002)', async (_, send) => {
    const client = await connect();
    send(client);
    expect(await client.end()).toMatchObject({ code: 1002 });
  });

  it('closes on a message above the limit, announced or in fragments without end (1009)', async () => {
    const announced = await connect();
    announced.sendFrame(0x1, '"', { length: MESSAGE_BYTES + 1 });
    expect(await announced.end()).toMatchObject({ code: 1009 });

    const endless = await connect();
    endless.sendFrame(0x1, '"', { fin: false });
    for (let n = 0; n < 5; n++) endless.sendFrame(0x0, 'a'.repeat(MESSAGE_BYTES / 4), { fin: false });
    expect(await endless.end()).toMatchObject({ code: 1009 });
    expect(await closedBy(given.node, 'too_large')).toBeGreaterThanOrEqual(2);

    const largest = await connect();
    largest.ws.send(JSON.stringify({ ...ping, params: { a: 'a'.repeat(MESSAGE_BYTES - 100) } }));
    expect(await largest.answer(1)).toMatchObject({ result: {} });
    await largest.close();
  });

  it('closes on empty fragments without end (1008)', async () => {
    const client = await connect();
    client.sendFrame(0x1, '', { fin: false });
    const frame = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from([0x00, 0x80, 0, 0, 0, 0])));
    client.raw.write(frame);
    expect(await client.end()).toMatchObject({ code: 1008 });
  });

  it('stops a bomb when it is above the limit, not when it has burst (1009)', async () => {
    const client = await connect({ compression: true });
    expect(client.ws.extensions).toContain('permessage-deflate');
    expect(await client.call('ping')).toEqual({});
    client.ws.send(Buffer.alloc(64 * 1024 * 1024, 'a'), { binary: false, compress: true });
    expect(await client.end()).toMatchObject({ code: 1009 });
  });

  it('compresses where both sides want it, and sends events in order with answers', async () => {
    const client = await connect({ compression: true });
    const subscription = await client.subscribe({ feeds: [{}] });
    await client.call('workspace.create', { name: 'long', description: 'a'.repeat(900) });
    await client.untilEvents(subscription, 2);
    const { methods } = await client.call<{ methods: unknown[] }>('methods');
    expect(methods.length).toBeGreaterThan(50);
    await client.close();
  });

  it('closes a connection that says nothing, or begins a message and never ends it (4408)', async () => {
    const silent = await connect();
    const unfinished = await connect();
    unfinished.sendFrame(0x1, '{', { fin: false });
    const follower = await connect();
    await follower.subscribe({ feeds: [{}] });
    expect(await silent.end()).toEqual({ code: 4408, reason: expect.any(String) });
    expect(await unfinished.end()).toMatchObject({ code: 4408 });
    await (await connect()).end();
    expect(follower.closed).toBeUndefined();
    await follower.close();
    expect(await closedBy(given.node, 'idle')).toBe(3);
  });

  it('answers a cursor from the future and one older than the log with the oldest (410)', async () => {
    const { key, workspace, http } = await given.tenant();
    for (let n = 0; n < 4; n++) await http.post('/v1/tasks', { type: 'build', title: 'a' });
    const client = await SocketClient.open(given.node.url, { key });
    const refused = async (after: number) =>
      (await client.ask('subscribe', { feeds: [{ workspaceId: workspace.id, after }] })).error;

    expect(await refused(1_000)).toMatchObject({ code: -32_010, data: { code: 'cursor_ahead', oldestCursor: 0 } });
    await query(given.node.databaseUrl, 'UPDATE feeds SET floor_seq = 3 WHERE id = $1', [workspace.id]);
    expect(await refused(1)).toMatchObject({
      code: -32_010,
      data: { status: 410, code: 'cursor_expired', oldestCursor: 3, oldestSequence: 4 },
    });
    const subscription = await client.subscribe({ feeds: [{ workspaceId: workspace.id, after: 3 }] });
    await client.untilEvents(subscription, 1);
    expect(client.numbersOf(subscription)[0]).toBe(4);
    await client.close();
  });

  it('lives through whatever bytes come, in frames and instead of them', async () => {
    const { key } = await given.tenant();
    const bytes = fc.uint8Array({ maxLength: 300 }).map((one) => Buffer.from(one));
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('json', 'msgpack'),
        async (all, encoding) => {
          const framed = await SocketClient.open(given.node.url, { key, encoding });
          for (const one of all) framed.ws.send(one, { binary: encoding === 'msgpack' });
          if (encoding === 'msgpack') expect(await framed.ask('ping', {}, 'last')).toMatchObject({ result: {} });
          framed.ws.terminate();
          const bare = await SocketClient.open(given.node.url, { key, encoding });
          for (const one of all) bare.raw.write(one);
          bare.raw.end();
          await bare.end();
        },
      ),
      { numRuns: 60 },
    );
    await until(async () => (await metric(given.node, 'sockets_open')) === 1, 'only the bystander is left');
  });
});
