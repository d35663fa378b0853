import { randomUUID } from 'node:crypto';
import { ApiKeysService } from '../../src/shared/auth/index.js';
import { LiveFeeds } from '../../src/shared/events/index.js';
import { query } from '../support/database.js';
import { oneTo } from '../support/event-node.js';
import { EventStreamClient, type OpenOptions } from '../support/event-stream-client.js';
import { type Given, type RunningNode, startGiven, startNode, type Tenant } from '../support/given.js';
import { metric } from '../support/metric.js';
import { aNote, aWorkspace, readWhileWritten } from '../support/noted-workspace.js';
import { until } from '../support/until.js';

const HEARTBEAT_MS = 200;

const streamPath = (workspaceId: string, queryString = ''): string =>
  `/v1/workspaces/${workspaceId}/events/stream${queryString}`;

/** A workspace and whoever follows it. */
async function scene(given: Given) {
  const workspace = await aWorkspace(given);
  return {
    ...workspace,
    follow: (queryString = '', options: OpenOptions & { node?: RunningNode } = {}): Promise<EventStreamClient> => {
      const { node = given.node, ...more } = options;
      return EventStreamClient.open(node.url + streamPath(workspace.id, queryString), { key: workspace.key, ...more });
    },
  };
}

const nothingLeft = (node: RunningNode): Promise<boolean> =>
  until(
    async () =>
      (await metric(node, 'streams_open')) + (await metric(node, 'live_subscriptions')) === 0 &&
      (await metric(node, 'live_feeds')) === 0 &&
      node.get(LiveFeeds)['feeds'].size === 0,
    'nothing of the streams is left',
  );

describe('the stream of a feed', () => {
  const given = startGiven({
    nodes: 2,
    settings: { MUSTER_STREAM_HEARTBEAT_MS: String(HEARTBEAT_MS), MUSTER_STREAM_BUFFER_EVENTS: '300' },
  });
  afterEach(() => Promise.all(given.nodes.map(nothingLeft)));

  it('gives what was written and then what is being written, as CloudEvents in server-sent events', async () => {
    const { id, http, follow, begun } = await scene(given);
    await http.post('/v1/tasks', { type: 'build', title: 'One' });
    const stream = await follow(`?after=${begun}`);
    await stream.until(1);
    await http.post('/v1/tasks', { type: 'build', title: 'Line\nbreaks\r\n\nare kept' });
    await stream.until(2);

    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-request-id': expect.any(String) as string,
    });
    expect(stream.headers).not.toHaveProperty('content-encoding');
    expect(stream.frames[0]).toEqual({ retry: '2000' });
    expect(stream.ids).toEqual([begun + 1, begun + 2]);
    const { body } = await http.get<{ events: unknown[] }>(`/v1/workspaces/${id}/events?after=${begun}`);
    expect(stream.events.map(({ data }) => data)).toEqual(body.events);
    expect(stream.events.every(({ event, data }) => event === data.type)).toBe(true);
    stream.close();
  });

  it('has a stream of the tenant too', async () => {
    const { tenantId, key, http } = await scene(given);
    const stream = await EventStreamClient.open(`${given.second.url}/v1/events/stream?types=workspace.*`, { key });
    await http.post('/v1/workspaces', { name: 'lab' });
    await stream.until(2);
    expect(stream.events.map(({ event }) => event)).toEqual(['workspace.created', 'workspace.created']);
    expect(stream.events.every(({ data }) => data.feed === tenantId)).toBe(true);
    stream.close();
  });

  it('has no seam: whoever begins anywhere, on any node, while much is written gets the log from their cursor', async () => {
    const workspace = await scene(given);
    const { last, readers } = await readWhileWritten(given, workspace, {
      readers: 60,
      read: (after, node) => workspace.follow(`?after=${after}`, { node }),
    });
    await Promise.all(readers.map(({ after, reader }) => reader.until(last - after)));

    for (const { after, reader } of readers) {
      expect(reader.notice).toBeUndefined();
      expect(reader.ids).toEqual(oneTo(last).slice(after));
      reader.close();
    }
  });

  it('goes on where it stopped, on another node, by Last-Event-ID, which goes before the query', async () => {
    const { write, notes, follow, id, begun } = await scene(given);
    const first = await follow(`?after=${begun}`);
    await write(notes(5));
    await first.until(5);
    first.close();
    await write(notes(5));

    const second = await first.reconnect(given.second.url + streamPath(id, `?after=${begun}`));
    await write(notes(2));
    await second.until(7);

    expect(second.ids).toEqual(oneTo(begun + 12).slice(begun + 5));
    second.close();
  });

  it('takes the filters of the feed, and moves the cursor of a client past what they leave out', async () => {
    const { write, notes, follow, id, begun } = await scene(given);
    const torn = aNote(id, 'note.torn');
    await write([...notes(3), torn]);
    const [byType, bySubject] = await Promise.all([
      follow(`?after=0&types=note.torn,book.*`),
      follow(`?after=0&subjects=${torn.subjectId.toUpperCase()}`),
    ]);
    await Promise.all([byType.until(1), bySubject.until(1)]);
    await write([aNote(id, 'book.closed'), ...notes(4)]);
    await byType.until(2);

    expect(byType.ids).toEqual([begun + 4, begun + 5]);
    expect(bySubject.ids).toEqual([begun + 4]);
    await until(() => [byType, bySubject].every(({ lastEventId }) => lastEventId === String(begun + 9)));
    byType.close();
    bySubject.close();
  });

  it('gives a sign of life when there is nothing to tell', async () => {
    const { follow } = await scene(given);
    const stream = await follow();
    const started = performance.now();
    await until(() => stream.frames.filter(({ comment }) => comment === 'heartbeat').length >= 3);
    expect(performance.now() - started).toBeGreaterThan(2 * HEARTBEAT_MS);
    stream.close();
  });

  it('tells a client that does not read to come again from its cursor, and keeps little for it', async () => {
    const { write, notes, follow, begun } = await scene(given);
    const slow = await follow(`?after=${begun}`, { paused: true });
    let written = 0;
    while ((await metric(given.node, 'live_subscriptions')) > 0) {
      await write(notes(100, { text: 'x'.repeat(20_000) }));
      written += 100;
    }

    slow.resume();
    await slow.end();

    const cursor = slow.ids.at(-1) ?? 0;
    expect(slow.ids).toEqual(oneTo(cursor).slice(begun));
    expect(cursor).toBeLessThan(begun + written);
    const detail = expect.any(String) as string;
    expect(slow.notice).toEqual({ event: 'resync', data: { code: 'slow_consumer', detail, cursor } });
    const again = await slow.reconnect();
    await again.until(begun + written - cursor);
    expect(again.ids).toEqual(oneTo(begun + written).slice(cursor));
    again.close();
  });

  it('closes the connection of one that never reads again', async () => {
    const { write, notes, follow, begun } = await scene(given);
    const dead = await follow(`?after=${begun}`, { paused: true });
    while ((await metric(given.node, 'live_subscriptions')) > 0) await write(notes(100, { text: 'x'.repeat(20_000) }));
    await nothingLeft(given.node);
    dead.close();
  });

  it.each([
    ['revoked', 'credentials_revoked'],
    ['expired', 'credentials_expired'],
  ])('ends within two seconds when the key is %s', async (how, code) => {
    const { follow, caller, write, notes, begun } = await scene(given);
    const keys = given.second.get(ApiKeysService);
    const expiresAt = how === 'expired' ? { expiresAt: new Date(Date.now() + 1_500) } : {};
    const { key, secret } = await keys.create(caller, { name: 'x', scopes: ['events:read'], ...expiresAt });
    const stream = await follow(`?after=${begun}`, { key: secret });
    await write(notes(2));
    await stream.until(2);

    if (how === 'revoked') await keys.revoke(caller, key.id);
    const ended = performance.now();
    await stream.end();

    expect(performance.now() - ended).toBeLessThan(how === 'revoked' ? 2_500 : 4_000);
    expect(stream.notice).toMatchObject({ event: 'end', data: { code, cursor: begun + 2 } });
    expect((await follow('', { key: secret })).status).toBe(401);
  });

  it('leaves nothing behind of clients that hang up, at once or later', async () => {
    const { follow, write, notes } = await scene(given);
    const streams = await Promise.all(
      Array.from({ length: 30 }, (_, n) => follow('', { node: given.nodes[n % 2] as RunningNode })),
    );
    expect((await metric(given.node, 'streams_open')) + (await metric(given.second, 'streams_open'))).toBe(30);
    await write(notes(3));
    streams.forEach((stream) => stream.close());
    await Promise.all(given.nodes.map(nothingLeft));
  });

  it('answers HEAD with the head alone', async () => {
    const { follow } = await scene(given);
    const answer = await follow('', { method: 'HEAD' });
    await answer.end();
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(answer.frames).toEqual([]);
  });

  it('does not know the workspace of another tenant, nor the tenant as a workspace', async () => {
    const [mine, foreign] = [await scene(given), await scene(given)];
    const watched = await foreign.follow();
    for (const id of [foreign.id, mine.tenantId, randomUUID()]) {
      const { status, body, headers } = await mine.http.get(streamPath(id));
      expect([status, body]).toEqual([404, expect.objectContaining({ code: 'not_found' })]);
      expect(headers.get('content-type')).toContain('application/problem+json');
    }
    watched.close();
  });

  it.each([
    ['?after=-1', {}, 'after'],
    ['?after=soon', {}, 'after'],
    ['?types=task.', {}, 'types'],
    ['?types=task*', {}, 'types'],
    ['?subjects=me', {}, 'subjects'],
    ['?limit=5', {}, 'limit'],
    ['', { 'last-event-id': '1a' }, 'Last-Event-ID'],
    ['', { 'last-event-id': '-1' }, 'Last-Event-ID'],
  ])('refuses %p with the headers %p and names the field', async (queryString, headers, field) => {
    const { http, id } = await scene(given);
    const { status, body } = await http.get(streamPath(id, queryString), { headers });
    expect([status, body]).toEqual([
      400,
      expect.objectContaining({ code: 'invalid_input', errors: [expect.objectContaining({ field })] }),
    ]);
  });

  it('refuses cursors that the feed has not reached, and those whose events are gone', async () => {
    const { http, id, write, notes, begun } = await scene(given);
    await write(notes(6));
    const ahead = await http.get(streamPath(id, `?after=${begun + 7}`));
    expect([ahead.status, ahead.body]).toEqual([
      410,
      expect.objectContaining({ code: 'cursor_ahead', lastSequence: begun + 6 }),
    ]);
    await query(given.node.databaseUrl, 'UPDATE feeds SET floor_seq = $2 WHERE id = $1', [id, begun + 4]);
    const late = await http.get(streamPath(id), { headers: { 'last-event-id': String(begun + 3) } });
    expect([late.status, late.body]).toEqual([
      410,
      expect.objectContaining({ code: 'cursor_expired', oldestCursor: begun + 4 }),
    ]);
  });

  it('asks for credentials and for the scope of events', async () => {
    const { id, keyFor } = await scene(given);
    const url = given.node.url + streamPath(id);
    expect((await EventStreamClient.open(url)).status).toBe(401);
    expect((await EventStreamClient.open(url, { key: await keyFor('tasks:read') })).status).toBe(403);
    const stream = await EventStreamClient.open(url, { key: await keyFor('events:read') });
    expect(stream.status).toBe(200);
    stream.close();
  });

  it('tells a reader of a log that was restored to start again', async () => {
    const { id, follow, write, notes, begun } = await scene(given);
    const stream = await follow(`?after=${begun}`);
    await write(notes(6));
    await stream.until(6);
    await query(given.node.databaseUrl, 'DELETE FROM events WHERE feed_id = $1 AND seq > $2', [id, begun + 2]);
    await write(notes(1));
    await stream.end();

    expect(stream.notice).toMatchObject({ event: 'resync', data: { code: 'cursor_ahead', cursor: 0 } });
    expect(stream.lastEventId).toBe('0');
  });
});

describe('streams of one node', () => {
  const settings = { MUSTER_STREAMS_PER_KEY: '2', MUSTER_STREAMS_PER_TENANT: '3' };
  const given = startGiven({ settings });
  const open = (tenant: Tenant, key = tenant.key): Promise<EventStreamClient> =>
    EventStreamClient.open(given.node.url + streamPath(tenant.workspace.id), { key });

  it('are limited by key and by tenant, and those that ended do not count', async () => {
    const tenant = await given.tenant();
    const [first, second] = [await open(tenant), await open(tenant)];
    const { status, body, headers } = await tenant.http.get(streamPath(tenant.workspace.id));
    expect([status, body]).toEqual([
      429,
      expect.objectContaining({ code: 'too_many_streams', limitedBy: 'key', limit: 2 }),
    ]);
    expect(headers.get('retry-after')).toBe('5');
    const key = await tenant.keyFor('events:read');
    const third = await open(tenant, key);
    expect(third.status).toBe(200);
    expect((await open(tenant, key)).status).toBe(429);

    first.close();
    await until(async () => {
      const again = await open(tenant);
      again.close();
      return again.status === 200;
    });
    second.close();
    third.close();
    await nothingLeft(given.node);
  });

  it('end with a hint when the node stops, which does not wait for them', async () => {
    const leaving = await startNode(given.node.databaseUrl);
    const tenant = await given.tenant();
    const url = leaving.url + streamPath(tenant.workspace.id);
    const streams = await Promise.all(oneTo(20).map(() => EventStreamClient.open(url, { key: tenant.key })));
    const asleep = await EventStreamClient.open(url, { key: tenant.key, paused: true });

    const started = performance.now();
    await leaving.stop();
    expect(performance.now() - started).toBeLessThan(10_000);

    await Promise.all(streams.map((stream) => stream.end()));
    for (const { frames, notice } of streams) {
      expect(notice).toMatchObject({ event: 'end', data: { code: 'draining' } });
      expect(Number(frames.findLast(({ retry }) => retry !== undefined)?.retry)).toBeGreaterThanOrEqual(1_000);
    }
    asleep.close();
    const again = await streams[0]?.reconnect(given.node.url + streamPath(tenant.workspace.id));
    expect(again?.status).toBe(200);
    again?.close();
    await nothingLeft(given.node);
  });
});
