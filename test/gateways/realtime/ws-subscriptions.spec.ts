import { LiveFeeds } from '../../../src/shared/events/index.js';
import { query } from '../../support/database.js';
import { oneTo } from '../../support/event-node.js';
import { type Given, type RunningNode, startGiven } from '../../support/given.js';
import { aNote, aWorkspace, readWhileWritten } from '../../support/noted-workspace.js';
import { type ConnectOptions, SocketClient } from '../../support/socket-client.js';
import { until } from '../../support/until.js';

const ENCODINGS = ['json', 'msgpack'] as const;

async function scene(given: Given) {
  const workspace = await aWorkspace(given);
  return {
    ...workspace,
    connect: (more: ConnectOptions & { node?: RunningNode } = {}): Promise<SocketClient> =>
      SocketClient.open((more.node ?? given.node).url, { key: workspace.key, ...more }),
  };
}

const nothingLeft = (node: RunningNode): Promise<boolean> =>
  until(
    () => node.get(LiveFeeds)['feeds'].size + node.get(LiveFeeds)['subscriptions'].size === 0,
    'nothing is followed',
  );

describe('subscriptions over WebSocket', () => {
  const given = startGiven({ nodes: 2, settings: { MUSTER_WS_SUBSCRIPTIONS: '3' } });
  afterEach(() => Promise.all(given.nodes.map(nothingLeft)));

  it.each(ENCODINGS)('[S154] gives what was written and then what is being written, in %s', async (encoding) => {
    const { id, http, connect, begun } = await scene(given);
    await http.post('/v1/tasks', { type: 'build', title: 'One' });
    const client = await connect({ encoding });
    const subscription = await client.subscribe({ feeds: [{ workspaceId: id, after: begun }] });
    await client.untilEvents(subscription, 1);
    await http.post('/v1/tasks', { type: 'build', title: 'Zwei\n✓' });
    await client.untilEvents(subscription, 2);

    expect(subscription).toBe('1');
    const { body } = await http.get<{ events: unknown[] }>(`/v1/workspaces/${id}/events?after=${begun}`);
    expect(client.eventsOf(subscription)).toEqual(body.events);
    expect(client.notices('events')).toEqual([
      expect.objectContaining({ subscription, feed: id, next: begun + 1 }),
      expect.objectContaining({ subscription, feed: id, next: begun + 2 }),
    ]);
    await client.close();
  });

  it('tells the subscription before its events, in a batch too', async () => {
    const { id, connect } = await scene(given);
    const client = await connect();
    const params = { feeds: [{ workspaceId: id, after: 0 }] };
    client.send([1, 2].map((n) => ({ jsonrpc: '2.0', id: n, method: 'subscribe', params })));
    await Promise.all(['1', '2'].map((one) => client.untilEvents(one, 1)));
    expect(client.messages[0]).toMatchObject([{ result: { subscription: '1' } }, { result: { subscription: '2' } }]);
    await client.close();
  });

  it('opens a named subscriber after what was acknowledged, and ends an older opening of it', async () => {
    const { id, connect, begun, notes, write } = await scene(given);
    const [first, second] = [await connect(), await connect({ node: given.nodes[1] as RunningNode })];
    const params = { feeds: [{ workspaceId: id, after: begun }], subscriber: 'inbox' };
    await write(notes(3));
    const opened = await first.call<{ subscription: string; epoch: number }>('subscribe', params);
    await first.untilEvents(opened.subscription, 3);
    const feeds = [{ workspaceId: id, seq: begun + 2 }];
    expect(await first.call('subscriber.ack', { name: 'inbox', feeds, epoch: opened.epoch })).toEqual({ feeds });

    const newer = await second.call<{ subscription: string; epoch: number }>('subscribe', params);
    await second.untilEvents(newer.subscription, 1);

    expect(newer.epoch).toBeGreaterThan(opened.epoch);
    expect(second.eventsOf(newer.subscription).map(({ sequence }) => sequence)).toEqual([begun + 3]);
    await until(() => first.notices('resync')[0], 'the older opening is told');
    expect(first.notices('resync')[0]).toMatchObject({ subscription: '1', code: 'subscriber_taken_over' });
    const late = await first.ask('subscriber.ack', { name: 'inbox', feeds, epoch: opened.epoch });
    expect(late.error?.data).toMatchObject({ code: 'subscriber_taken_over', status: 409 });
    await Promise.all([first.close(), second.close()]);
  });

  it('[S154] has no seam: whoever begins anywhere, on any node, while much is written gets the log from their cursor', async () => {
    const workspace = await scene(given);
    const { last, readers } = await readWhileWritten(given, workspace, {
      readers: 40,
      read: async (after, node, n) => {
        const client = await workspace.connect({ node, encoding: ENCODINGS[n % 2] ?? 'json' });
        return { client, subscription: await client.subscribe({ feeds: [{ workspaceId: workspace.id, after }] }) };
      },
    });
    await Promise.all(
      readers.map(({ after, reader: { client, subscription } }) => client.untilEvents(subscription, last - after)),
    );

    for (const { after, reader } of readers) {
      const { client, subscription } = reader;
      expect(client.numbersOf(subscription)).toEqual(oneTo(last).slice(after));
      expect(client.notices('events').at(-1)).toMatchObject({ next: last });
      await client.close();
    }
  });

  it('follows several feeds at once, each from its own cursor, the tenant’s among them', async () => {
    const { id, tenantId, http, write, notes, connect, begun } = await scene(given);
    const { body: lab } = await http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    await write(notes(3));
    const client = await connect();
    const feeds = [{ workspaceId: id, after: begun + 1 }, { workspaceId: lab.id, after: 0 }, {}];
    const subscription = await client.subscribe({ feeds });
    await write([...notes(1), aNote(lab.id), ...notes(1)]);

    const of = (feed: string): number[] =>
      client.eventsOf(subscription).flatMap((event) => (event.feed === feed ? [Number(event.sequence)] : []));
    await until(() => of(id).length >= 4 && of(lab.id).length >= 2 && of(tenantId).length >= 2);
    expect(of(id)).toEqual(oneTo(begun + 5).slice(begun + 1));
    expect(of(lab.id)).toEqual([1, 2]);
    expect(of(tenantId)).toEqual([1, 2]);
    expect(await client.call('subscriptions')).toEqual({
      subscriptions: [
        {
          subscription,
          feeds: [{ workspaceId: id, after: begun + 5 }, { workspaceId: lab.id, after: 2 }, { after: 2 }],
        },
      ],
    });
    await client.close();
  });

  it('takes filters by type and subject, and keeps two subscriptions with filters apart', async () => {
    const { id, write, notes, connect, begun } = await scene(given);
    const torn = aNote(id, 'note.torn');
    const client = await connect();
    const feeds = [{ workspaceId: id, after: begun }];
    const byType = await client.subscribe({ feeds, types: ['note.torn'] });
    const bySubject = await client.subscribe({ feeds, types: ['note.*'], subjects: [torn.subjectId] });
    const all = await client.subscribe({ feeds });
    await write([...notes(3), torn, ...notes(2)]);
    await client.untilEvents(all, 6);
    await client.untilEvents(byType, 1);
    await client.untilEvents(bySubject, 1);

    expect(client.numbersOf(byType)).toEqual([begun + 4]);
    expect(client.numbersOf(bySubject)).toEqual([begun + 4]);
    expect(client.numbersOf(all)).toEqual(oneTo(begun + 6).slice(begun));
    await client.close();
  });

  it('sends nothing more once it is unsubscribed', async () => {
    const { id, write, notes, connect, begun } = await scene(given);
    const client = await connect();
    const feeds = [{ workspaceId: id, after: begun }];
    const first = await client.subscribe({ feeds });
    const second = await client.subscribe({ feeds });
    expect(await client.call('unsubscribe', { subscription: first })).toEqual({ subscription: first });
    await write(notes(2));
    await client.untilEvents(second, 2);

    expect(client.eventsOf(first)).toEqual([]);
    const again = await client.ask('unsubscribe', { subscription: first });
    expect(again.error).toMatchObject({ code: -32_004 });
    expect((await client.ask('unsubscribe', {})).error).toMatchObject({ code: -32_602 });
    await client.close();
  });

  it('tells a reader of a log that was restored to start again, and serves the connection on', async () => {
    const { id, write, notes, connect, begun } = await scene(given);
    const client = await connect();
    const subscription = await client.subscribe({ feeds: [{ workspaceId: id, after: begun }, {}] });
    await write(notes(6));
    await client.untilEvents(subscription, 6);
    await query(given.node.databaseUrl, 'DELETE FROM events WHERE feed_id = $1 AND seq > $2', [id, begun + 2]);
    await write(notes(1));

    const [resync] = await until(() => (client.notices('resync').length > 0 ? client.notices('resync') : undefined));
    expect(resync).toMatchObject({
      subscription,
      code: 'cursor_ahead',
      feeds: [{ workspaceId: id, after: 0 }, { after: expect.any(Number) }],
    });
    expect(await client.call('subscriptions')).toEqual({ subscriptions: [] });
    const again = await client.subscribe({ feeds: resync?.feeds });
    await client.untilEvents(again, begun + 3);
    await client.close();
  });

  it('refuses what it cannot follow, and leaves the other subscriptions alone', async () => {
    const { id, tenantId, write, notes, connect, begun, keyFor } = await scene(given);
    const stranger = await given.tenant();
    const client = await connect();
    const kept = await client.subscribe({ feeds: [{ workspaceId: id, after: begun }] });
    const refusal = async (params: unknown, from = client) => (await from.ask('subscribe', params)).error;

    expect(await refusal({ feeds: [{ workspaceId: stranger.workspace.id }] })).toMatchObject({ code: -32_004 });
    expect(await refusal({ feeds: [{ workspaceId: tenantId }] })).toMatchObject({ code: -32_004 });
    expect(await refusal({ feeds: [{ workspaceId: id, after: 99_999 }] })).toMatchObject({
      code: -32_010,
      data: { status: 410, code: 'cursor_ahead', oldestCursor: 0 },
    });
    for (const [params, field] of [
      [{}, 'feeds'],
      [{ feeds: [] }, 'feeds'],
      [{ feeds: [{ workspaceId: 'x' }] }, 'feeds[0].workspaceId'],
      [{ feeds: [{ after: -1 }] }, 'feeds[0].after'],
      [{ feeds: [{}], types: ['Not a type'] }, 'types'],
      [{ feeds: [{}], subjects: ['x'] }, 'subjects'],
      [{ feeds: [{}], colour: 'red' }, 'colour'],
      [{ feeds: [{}, {}] }, 'feeds'],
    ] as const) {
      expect(await refusal(params)).toMatchObject({
        code: -32_602,
        data: { errors: [expect.objectContaining({ field })] },
      });
    }
    const worker = await connect({ key: await keyFor('tasks:write') });
    expect(await refusal({ feeds: [{}] }, worker)).toMatchObject({ data: { code: 'missing_scope' } });
    await client.subscribe({ feeds: [{}] });
    await client.subscribe({ feeds: [{}] });
    expect(await refusal({ feeds: [{}] })).toMatchObject({ code: -32_029, data: { code: 'too_many_subscriptions' } });

    await write(notes(1));
    await client.untilEvents(kept, 1);
    expect(client.numbersOf(kept)).toEqual([begun + 1]);
    await Promise.all([client.close(), worker.close()]);
  });
});
