import { setImmediate as pause } from 'node:timers/promises';
import { type FeedEvent, type FollowOptions, MusterClient } from '@muster/client';
import { workerDatabase } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { startGiven, startNode, type Tenant } from '../support/given.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

describe('the client over WebSocket', () => {
  const given = startGiven();
  const clientOf = ({ key }: { key: string }, url = given.node.url) => new MusterClient({ url, key });

  /** Follows the feed of a workspace, and keeps what comes. */
  function following(tenant: Tenant, more: FollowOptions & { url?: string } = {}) {
    const { url, ...options } = more;
    const stop = new AbortController();
    const events: FeedEvent[] = [];
    const place = { workspaceId: tenant.workspace.id, ...options, signal: stop.signal };
    const read = async (): Promise<void> => {
      for await (const event of clientOf(tenant, url).follow(place)) events.push(event);
    };
    const over = read();
    over.catch(() => undefined);
    const end = () => {
      stop.abort();
      return over;
    };
    return { events, over, end, numbers: () => events.map(({ sequence }) => sequence) };
  }

  const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
  const lastOf = async (tenant: Tenant): Promise<number> => (await tenant.events.all()).at(-1)?.seq ?? 0;

  it('[S154] [S157] calls what HTTP calls, many at once over one connection', async () => {
    const tenant = await given.tenant();
    const realtime = clientOf(tenant).realtime();
    const made = await Promise.all(
      upTo(20).map((n) => realtime.call('task.create', { type: 'build', title: `Task ${n}` })),
    );
    expect(made.map(({ title }) => title)).toEqual(upTo(20).map((n) => `Task ${n}`));
    const [task] = made;
    const changed = await realtime.call('task.update', { id: task?.id ?? '', title: 'New', ifMatch: 1 });
    expect([changed.title, changed.version]).toEqual(['New', 2]);
    const ids: string[] = [];
    for await (const { id } of realtime.all('task.list', { limit: 7 })) ids.push(id);
    expect(ids).toHaveLength(20);
    await expect(realtime.call('task.create', { type: '', title: 'x' })).rejects.toMatchObject({
      name: 'MusterError',
      status: 400,
      code: 'invalid_input',
      fields: [expect.objectContaining({ field: 'type' })],
    });
    realtime.close();
  });

  it('[S156] makes a change once although its connection was lost', async () => {
    const tenant = await given.tenant();
    const proxy = await TcpProxy.start(given.node.url);
    const realtime = clientOf(tenant, proxy.url).realtime();
    await realtime.call('task.list');
    let lost = 0;
    proxy.fate = (direction) => (direction === 'reply' && lost++ === 0 ? 'break' : 'pass');
    await realtime.call('task.create', { type: 'build', title: 'Once' });
    realtime.close();
    await proxy.stop();
    expect(lost).toBeGreaterThan(1);
    expect(await tenant.rows('SELECT title FROM tasks WHERE tenant_id = $1')).toEqual([{ title: 'Once' }]);
  });

  it('[S156] tells why a handshake is refused', async () => {
    const realtime = clientOf({ key: 'mst_wrong' }).realtime();
    await expect(realtime.call('task.list')).rejects.toMatchObject({ status: 401, code: 'invalid_credentials' });
    const tenant = await given.tenant();
    await expect(following({ ...tenant, key: 'mst_wrong' }).over).rejects.toMatchObject({ status: 401 });
  });

  it('[S154] follows a feed from a cursor: what it holds, then what is written, of the types that were asked for', async () => {
    const tenant = await given.workspace({ tasks: 3 });
    const followed = following(tenant, { after: 2, types: ['task.*'] });
    await until(() => followed.events.length > 0, 'the past came');
    await tenant.task({ title: 'Later' });
    const last = await lastOf(tenant);
    await until(() => followed.numbers().at(-1) === last, 'the present came');
    await followed.end();
    const wanted = (await tenant.events.all()).filter(({ seq, type }) => seq > 2 && type.startsWith('task.'));
    expect(followed.numbers()).toEqual(wanted.map(({ seq }) => seq));
    expect(followed.events.at(-1)).toMatchObject({
      type: 'task.created',
      specversion: '1.0',
      data: { title: 'Later' },
    });
  });

  it('ends with the loop that follows', async () => {
    const tenant = await given.workspace({ tasks: 2 });
    const proxy = await TcpProxy.start(given.node.url);
    for await (const event of clientOf(tenant, proxy.url).follow({ workspaceId: tenant.workspace.id })) {
      expect(event.sequence).toBe(1);
      break;
    }
    await until(() => proxy.connections === 0, 'it hung up');
    await proxy.stop();
  });

  it('[S154] [S164] has exactly the log when its connection is cut again and again', async () => {
    const tenant = await given.tenant();
    const proxy = await TcpProxy.start(given.node.url);
    const followed = following(tenant, { url: proxy.url });
    for (let n = 1; n <= 40; n++) {
      await tenant.task({ title: `Task ${n}` });
      if (n % 8 !== 0) continue;
      const last = await lastOf(tenant);
      await until(() => followed.numbers().includes(last - 4), 'most have come');
      proxy.cut();
    }
    const last = await lastOf(tenant);
    await until(() => followed.numbers().at(-1) === last, 'all have come');
    await followed.end();
    await proxy.stop();
    expect(followed.numbers()).toEqual(upTo(last));
  });

  it('[S154] [S164] has exactly the log although its node was restarted', async () => {
    const tenant = await given.tenant();
    const settings = { MUSTER_PORT: String(await freePort()) };
    const first = await startNode(workerDatabase(), settings);
    const followed = following(tenant, { url: first.url });
    for (let n = 1; n <= 5; n++) await tenant.task();
    await until(() => followed.events.length >= 5, 'it follows');
    await first.stop();
    for (let n = 1; n <= 5; n++) await tenant.task();
    const second = await startNode(workerDatabase(), settings);
    for (let n = 1; n <= 5; n++) await tenant.task();
    const last = await lastOf(tenant);
    await until(() => followed.numbers().at(-1) === last, 'all have come');
    await followed.end();
    await second.stop();
    expect(followed.numbers()).toEqual(upTo(last));
  });

  it('[S154] takes what it can hold, and the rest from the log when it has', async () => {
    const tenant = await given.tenant();
    const events: number[] = [];
    const stop = new AbortController();
    const loop = async (): Promise<void> => {
      const place = { workspaceId: tenant.workspace.id, types: ['task.created'], signal: stop.signal };
      for await (const { sequence } of clientOf(tenant).follow(place)) {
        // Busy with the first one until many more have been written.
        if (events.push(sequence) === 1) await until(async () => (await lastOf(tenant)) > 12_000);
      }
    };
    const over = loop();
    await tenant.task();
    await until(() => events.length === 1, 'the first one came');
    for (let batch = 0; batch < 3; batch++) {
      const tasks = upTo(4_000).map((n) => ({ type: 'build', title: `Task ${n}` }));
      expect((await tenant.http.post('/v1/tasks/batch', { tasks })).status).toBe(201);
    }
    await until(() => events.length === 12_001, 'all have come');
    stop.abort();
    await over;
    const wanted = (await tenant.events.all()).filter(({ type }) => type === 'task.created');
    expect(events).toEqual(wanted.map(({ seq }) => seq));
  });

  it.each(['follow', 'close'])(
    '[S156] leaves no connection behind when it ends by %s while it is made',
    async (how) => {
      const tenant = await given.tenant();
      const proxy = await TcpProxy.start(given.node.url);
      proxy.freeze();
      const realtime = clientOf(tenant, proxy.url).realtime();
      const followed = how === 'follow' ? following(tenant, { url: proxy.url }) : undefined;
      const call = followed
        ? undefined
        : realtime.call('task.list', {}, { patienceMs: 0 }).catch((error: unknown) => error);
      await until(() => proxy.connections === 1, 'it dials');
      if (followed) await followed.end();
      realtime.close();
      proxy.thaw();
      await until(() => proxy.connections === 0, 'it hung up', 20_000);
      expect(await call).toEqual(followed ? undefined : expect.objectContaining({ code: 'unreachable', sent: false }));
      await proxy.stop();
    },
  );

  it('[S156] ends a subscription that nobody waits for any more', async () => {
    const tenant = await given.workspace({ tasks: 1 });
    const node = await startNode(workerDatabase(), { MUSTER_WS_SUBSCRIPTIONS: '1' });
    const proxy = await TcpProxy.start(node.url);
    const realtime = clientOf(tenant, proxy.url).realtime();
    await realtime.call('task.list');
    proxy.freeze();
    const stop = new AbortController();
    const place = { workspaceId: tenant.workspace.id };
    const first = realtime.follow({ ...place, signal: stop.signal }).next();
    // It asks, and goes before it is answered.
    await pause();
    stop.abort();
    expect(await first).toMatchObject({ done: true });
    proxy.thaw();
    // One is the most that a connection may have.
    const limit = AbortSignal.timeout(30_000);
    const { value } = await realtime.follow({ ...place, signal: limit }).next();
    expect(value).toMatchObject({ sequence: 1 });
    realtime.close();
    await proxy.stop();
    await node.stop();
  });

  it('throws when what follows its cursor is not there', async () => {
    const tenant = await given.tenant();
    await expect(following(tenant, { after: 1_000_000 }).over).rejects.toMatchObject({ code: 'cursor_ahead', status: 410 }); // prettier-ignore
  });
});
