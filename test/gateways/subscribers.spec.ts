import { randomUUID } from 'node:crypto';
import { EventLog } from '../../src/shared/events/index.js';
import { oneTo } from '../support/event-node.js';
import { EventStreamClient } from '../support/event-stream-client.js';
import { type Given, type RunningNode, startGiven } from '../support/given.js';
import { HttpClient } from '../support/http-client.js';

/** A tenant's workspace with notes, followed by a key that may read events only. */
async function aWorkspace(given: Given, notes: number) {
  const tenant = await given.tenant();
  const { id } = tenant.workspace;
  const key = await tenant.keyFor('events:read');
  const write = (count: number): Promise<void> =>
    given.node.transactions.run({}, () => {
      const note = { feedId: id, type: 'note.written', subjectType: 'note', subjectId: randomUUID(), data: null };
      given.node.get(EventLog).append(tenant.tenantId, ...Array.from({ length: count }, () => note));
      return Promise.resolve();
    });
  const begun = (await tenant.events.all()).length;
  await write(notes);
  return {
    ...tenant,
    id,
    key,
    write,
    begun,
    http: new HttpClient(given.node.url, key),
    admin: tenant.http,
    follow: (queryString = '', node: RunningNode = given.node, headers = {}): Promise<EventStreamClient> =>
      EventStreamClient.open(`${node.url}/v1/workspaces/${id}/events/stream?subscriber=inbox${queryString}`, {
        key,
        headers,
      }),
  };
}

describe('named subscribers over HTTP', () => {
  const given = startGiven({ nodes: 2 });

  it('go on after what was acknowledged, whatever a client remembers', async () => {
    const { id, http, follow, begun, write } = await aWorkspace(given, 5);
    const first = await follow(`&after=${begun}`);
    await first.until(5);
    const epoch = Number(first.headers['subscriber-epoch']);
    const acked = await http.post('/v1/subscribers/inbox/ack', {
      feeds: [{ workspaceId: id, seq: begun + 2 }],
      epoch,
    });
    expect(acked).toMatchObject({ status: 200, body: { feeds: [{ workspaceId: id, seq: begun + 2 }] } });
    first.close();
    await write(1);

    const again = await follow(`&after=${begun}`, given.second, { 'last-event-id': String(begun + 5) });
    await again.until(4);
    expect(again.ids).toEqual(
      oneTo(6)
        .slice(2)
        .map((n) => begun + n),
    );
    const { body } = await http.get('/v1/subscribers/inbox');
    expect(body).toMatchObject({
      name: 'inbox',
      feeds: [{ workspaceId: id, acknowledged: begun + 2, last: begun + 6, lag: 4 }],
      types: [],
      subjects: [],
    });
    again.close();
  });

  it('end the older stream, on another node too, and refuse its acknowledgements', async () => {
    const { id, http, follow, begun } = await aWorkspace(given, 3);
    const older = await follow();
    const newer = await follow('', given.second);
    await older.end();

    expect(older.notice).toMatchObject({ event: 'end', data: { code: 'subscriber_taken_over' } });
    const feeds = [{ workspaceId: id, seq: begun + 1 }];
    const late = await http.post('/v1/subscribers/inbox/ack', {
      feeds,
      epoch: Number(older.headers['subscriber-epoch']),
    });
    expect(late).toMatchObject({ status: 409, body: { code: 'subscriber_taken_over' } });
    const ahead = await http.post('/v1/subscribers/inbox/ack', { feeds: [{ workspaceId: id, seq: begun + 4 }] });
    expect(ahead).toMatchObject({ status: 409, body: { code: 'ack_ahead', seq: begun + 4 } });
    newer.close();
  });

  it('are listed by page and owner, and can be deleted', async () => {
    const { id, http, admin, follow, keyFor } = await aWorkspace(given, 1);
    const stream = await follow();
    const other = new HttpClient(given.node.url, await keyFor('events:read'));
    const mine = await http.get('/v1/subscribers?limit=1');
    expect(mine.body).toMatchObject({ items: [{ name: 'inbox' }], hasMore: false, nextCursor: null });
    expect((await other.get('/v1/subscribers')).body).toMatchObject({ items: [] });
    expect((await admin.get('/v1/subscribers')).body).toMatchObject({ items: [{ name: 'inbox' }] });

    const feeds = [{ workspaceId: id, seq: 1 }];
    expect(await other.get('/v1/subscribers/inbox')).toMatchObject({
      status: 403,
      body: { code: 'not_subscriber_owner' },
    });
    expect(await other.post('/v1/subscribers/inbox/ack', { feeds })).toMatchObject({ status: 403 });
    expect(await other.delete('/v1/subscribers/inbox')).toMatchObject({ status: 403 });
    expect(await http.delete('/v1/subscribers/inbox')).toMatchObject({ status: 204 });
    await stream.end();
    expect(stream.notice).toMatchObject({ event: 'end', data: { code: 'not_found' } });
    expect(await http.get('/v1/subscribers/inbox')).toMatchObject({ status: 404 });
    expect(await http.delete('/v1/subscribers/inbox')).toMatchObject({ status: 404 });
  });

  it('do not exist for another tenant', async () => {
    const { id, follow } = await aWorkspace(given, 1);
    const stranger = await aWorkspace(given, 0);
    const stream = await follow();

    expect(await stranger.admin.get('/v1/subscribers/inbox')).toMatchObject({ status: 404 });
    const feeds = [{ workspaceId: id, seq: 1 }];
    expect(await stranger.admin.post('/v1/subscribers/inbox/ack', { feeds })).toMatchObject({ status: 404 });
    stream.close();
  });

  it.each([
    [{}, 'feeds'],
    [{ feeds: [] }, 'feeds'],
    [{ feeds: [{ seq: -1 }] }, 'feeds[0].seq'],
    [{ feeds: [{ seq: 1.5 }] }, 'feeds[0].seq'],
    [{ feeds: [{ workspaceId: 'lab', seq: 1 }] }, 'feeds[0].workspaceId'],
    [{ feeds: [{ seq: 1 }], epoch: 'new' }, 'epoch'],
  ])('refuse the acknowledgement %j and name the field', async (body, field) => {
    const { http } = await given.tenant();
    const refused = await http.post('/v1/subscribers/inbox/ack', body);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  it('refuse a name that cannot be, and name the field', async () => {
    const { workspace, http } = await given.tenant();
    const refused = await http.get(`/v1/workspaces/${workspace.id}/events/stream?subscriber=in%20box`);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'subscriber' }] } });
  });
});
