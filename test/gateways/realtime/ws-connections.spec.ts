import { AttendanceSweeper } from '../../../src/agents/attendance-sweeper.js';
import { randomUUID } from 'node:crypto';
import type { Agent } from '../../../src/agents/index.js';
import { ApiKeysService } from '../../../src/shared/auth/index.js';
import { EventLog, LiveFeeds } from '../../../src/shared/events/index.js';
import { SupervisedNode } from '../../crash/supervised-node.js';
import { query, workerDatabase } from '../../support/database.js';
import { oneTo } from '../../support/event-node.js';
import { freePort } from '../../support/free-port.js';
import { type Given, startGiven, startNode } from '../../support/given.js';
import { metric } from '../../support/metric.js';
import { SocketClient } from '../../support/socket-client.js';
import { until } from '../../support/until.js';

const PING_MS = 500;

const write = async (given: Given, tenantId: string, feedId: string, count: number, size = 10): Promise<void> => {
  const note = { feedId, type: 'note.written', subjectType: 'note', data: { text: 'a'.repeat(size) } };
  const events = Array.from({ length: count }, () => ({ ...note, subjectId: randomUUID() }));
  await given.node.transactions.run({}, () => Promise.resolve(given.node.get(EventLog).append(tenantId, ...events)));
};

describe('connections over WebSocket', () => {
  const given = startGiven({
    nodes: 2,
    settings: {
      MUSTER_WS_PING_MS: String(PING_MS),
      MUSTER_WS_PROGRESS_MS: '50',
    },
  });

  it('[S156] closes all connections of a key that is revoked, and no other', async () => {
    const { caller, key } = await given.tenant();
    const keys = given.node.get(ApiKeysService);
    const doomed = await keys.create(caller, { name: 'doomed', scopes: ['read'] });
    const open = await Promise.all(
      given.nodes.flatMap(({ url }) => [1, 2].map(() => SocketClient.open(url, { key: doomed.secret }))),
    );
    const other = await SocketClient.open(given.node.url, { key });
    await open[0]?.subscribe({ feeds: [{}] });

    await keys.revoke(caller, doomed.key.id);
    for (const client of open) expect(await client.end()).toEqual({ code: 4401, reason: 'This API key was revoked.' });
    expect(await other.call('ping')).toEqual({});
    await other.close();
    expect(await metric(given.node, 'sockets_closed_total{reason="credentials"}')).toBe(2);
  });

  it('closes the connections of a key that expires', async () => {
    const { caller } = await given.tenant();
    const keys = given.node.get(ApiKeysService);
    const expiresAt = new Date(Date.now() + 2_000);
    const { secret } = await keys.create(caller, { name: 'short', scopes: ['read'], expiresAt });
    const client = await SocketClient.open(given.node.url, { key: secret });
    expect(await client.end()).toMatchObject({ code: 4401 });
  });

  it('gives up a client that gives no sign of life, and keeps one that does', async () => {
    const { key } = await given.tenant();
    const mute = await SocketClient.open(given.node.url, { key, autoPong: false });
    const alive = await SocketClient.open(given.node.url, { key });
    let pings = 0;
    alive.ws.on('ping', () => pings++);
    expect(await mute.end()).toMatchObject({ code: 1006 });
    await until(() => pings > 3);
    expect(alive.closed).toBeUndefined();
    await alive.close();
    expect(await metric(given.node, 'sockets_closed_total{reason="no_pong"}')).toBe(1);
  });

  it('moves the cursor of a client past what its filter leaves out', async () => {
    const { key, tenantId, workspace } = await given.tenant();
    const client = await SocketClient.open(given.node.url, { key });
    const subscription = await client.subscribe({
      feeds: [{ workspaceId: workspace.id, after: 0 }],
      types: ['task.created'],
    });
    await write(given, tenantId, workspace.id, 5);
    const told = await until(() => client.notices('events').find(({ next }) => Number(next) >= 6));
    expect(told).toEqual({ subscription, feed: workspace.id, events: [], next: 6 });
    await client.close();
  });

  it('refuses what is above the rate limit with an error that says when to come again, rubbish included', async () => {
    const node = await startNode(workerDatabase(), {
      MUSTER_RATE_LIMIT_KEY_PER_SECOND: '1',
      MUSTER_RATE_LIMIT_KEY_BURST: '60',
    });
    const { key } = await given.tenant();
    const client = await SocketClient.open(node.url, { key });
    for (let n = 0; n < 25; n++) {
      client.request('time');
      client.request('task.list');
      client.ws.send('rubbish');
    }
    const limited = await until(() => {
      const refused = client.answers.filter(({ error }) => error?.code === -32_029);
      return refused.length >= 14 ? refused : undefined;
    });
    for (const { error } of limited) {
      expect(error?.data).toMatchObject({
        code: 'rate_limited',
        limitedBy: 'key',
        retryAfterSeconds: expect.any(Number),
      });
    }
    expect(client.closed).toBeUndefined();
    await client.close();
    await node.stop();
  });

  it('counts requests that are refused before their route', async () => {
    const node = await startNode(workerDatabase(), {
      MUSTER_RATE_LIMIT_KEY_PER_SECOND: '1',
      MUSTER_RATE_LIMIT_KEY_BURST: '20',
      MUSTER_WS_IN_FLIGHT: '1',
    });
    const refused: [string, string, object][] = [
      ['a parameter that leads nowhere', 'task.get', { id: 'x' }],
      ['a token that is none', 'task.list', { progressToken: {} }],
      ['one too many under way', 'task.list', {}],
      ['no method', 'task.destroy', {}],
    ];
    for (const [, method, params] of refused) {
      const { key, ada } = await given.workspace({ agents: ['ada'] });
      const client = await SocketClient.open(node.url, { key });
      if (Object.keys(params).length === 0) client.request('task.claim', { agentId: ada.id, waitSeconds: 30 });
      await until(async () => {
        const { error } = await client.ask(method, params);
        return error?.data.code === 'rate_limited';
      });
      await client.close();
    }
    await node.stop();
  });

  it('[S156] sends clients away when the node stops: what is under way is answered, and they are told to come again', async () => {
    const node = await startNode(workerDatabase());
    const { key, ada, workspace } = await given.workspace({ agents: ['ada'] });
    const client = await SocketClient.open(node.url, { key });
    const idle = await SocketClient.open(node.url, { key });
    const asleep = await SocketClient.open(node.url, { key });
    asleep.ws.pause();
    await client.subscribe({ feeds: [{ workspaceId: workspace.id }] });
    const claim = client.request('task.claim', { agentId: ada.id, waitSeconds: 30 });
    await client.call('ping');
    const stopped = node.stop();

    expect(await client.answer(claim)).toMatchObject({ result: { leases: [] } });
    for (const one of [client, idle]) {
      expect(await one.end()).toMatchObject({ code: 1012 });
      expect(one.notices('reconnect')).toEqual([
        expect.objectContaining({ code: 'draining', afterMs: expect.any(Number) }),
      ]);
    }
    await stopped;
    asleep.ws.resume();
    expect(await asleep.end()).toMatchObject({ code: 1012 });
    expect(node.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('sends a connection away that is as old as one may get', async () => {
    const node = await startNode(workerDatabase(), { MUSTER_WS_MAX_AGE_MS: '500', MUSTER_WS_PING_MS: '200' });
    const { key } = await given.tenant();
    const client = await SocketClient.open(node.url, { key });
    expect(await client.end()).toMatchObject({ code: 4409 });
    expect(client.notices('reconnect')).toHaveLength(1);
    await node.stop();
  });

  it('tells progress of a request that waits, and ends its waiting when it is cancelled', async () => {
    const { key, ada } = await given.workspace({ agents: ['ada'] });
    const client = await SocketClient.open(given.node.url, { key });
    const claim = { agentId: ada.id, waitSeconds: 30 };
    client.request('task.claim', { ...claim, progressToken: 'p' }, 'told');
    client.request('task.claim', claim, 'untold');
    await until(() => client.notices('progress').length >= 3);
    for (const id of ['told', 'untold']) client.notify('cancel', { id });

    expect(await client.answer('told')).toMatchObject({ result: { leases: [] } });
    expect(await client.answer('untold')).toMatchObject({ result: { leases: [] } });
    const progress = client.notices('progress');
    expect(new Set(progress.map(({ token }) => token))).toEqual(new Set(['p']));
    const elapsed = progress.map(({ elapsedSeconds }) => Number(elapsedSeconds));
    expect(elapsed).toEqual([...elapsed].sort((a, b) => a - b));
    await client.close();
  });

  it('loses no lease when a claim is cancelled while it is being granted', async () => {
    const { key, ada, task, rows } = await given.workspace({ agents: ['ada'] });
    const client = await SocketClient.open(given.node.url, { key });
    for (let n = 0; n < 30; n++) {
      client.request('task.claim', { agentId: ada.id, waitSeconds: 30, leaseSeconds: 3_600 }, `c${n}`);
      const created = task();
      client.notify('cancel', { id: `c${n}` });
      await created;
    }
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => client.answer<{ leases: unknown[] }>(`c${n}`)),
    );
    const granted = answers.flatMap(({ result }) => result?.leases ?? []);
    const held = await rows(`SELECT id FROM tasks WHERE tenant_id = $1 AND status = 'in_progress'`);
    expect(granted).toHaveLength(held.length);
    await client.close();
  });

  it('ends the waiting of a client that is gone', async () => {
    const { key, ada } = await given.workspace({ agents: ['ada'] });
    const client = await SocketClient.open(given.node.url, { key });
    client.request('task.claim', { agentId: ada.id, waitSeconds: 30 });
    await client.call('ping');
    client.ws.terminate();
    const route = 'http_request_duration_seconds_count{method="POST",route="/v1/tasks/claim",status="200"}';
    const before = await metric(given.node, route);
    await until(async () => (await metric(given.node, 'sockets_open')) === 0 && before >= 1);
  });

  it('keeps an agent there as long as a connection attends it', async () => {
    const { key, ada, http, tenantId, rows } = await given.workspace({ agents: ['ada'] });
    const status = async (): Promise<unknown> => (await http.get(`/v1/agents/${ada.id}`)).body.status;
    /** Looks at once; the node does it every 15 s by itself. */
    const sweep = () => given.node.get(AttendanceSweeper).sweep();
    await http.post(`/v1/agents/${ada.id}/status`, { status: 'offline' });
    const first = await SocketClient.open(given.node.url, { key });
    const second = await SocketClient.open(given.second.url, { key });
    expect(await first.call('agent.attach', { agentId: ada.id })).toMatchObject({ id: ada.id, status: 'active' });
    const seen = async (): Promise<number> => {
      const [row] = await query<{ at: Date }>(
        given.node.databaseUrl,
        'SELECT last_seen_at AS at FROM agents WHERE tenant_id = $1 AND id = $2',
        [tenantId, ada.id],
      );
      return row?.at.getTime() ?? 0;
    };
    const begun = await seen();
    await until(async () => (await seen()) > begun);
    await second.call('agent.attach', { agentId: ada.id });
    await first.close();
    const left = await seen();
    await until(async () => (await seen()) > left + 3 * PING_MS);
    await sweep();
    expect(await status()).toBe('active');
    await second.close();
    await until(async () => (await sweep(), (await status()) === 'offline'));

    const third = await SocketClient.open(given.node.url, { key });
    await third.call('agent.attach', { agentId: ada.id });
    await third.call('agent.detach', { agentId: ada.id });
    await until(async () => (await sweep(), (await status()) === 'offline'));
    await third.call('agent.attach', { agentId: ada.id });
    await http.post(`/v1/agents/${ada.id}/status`, { status: 'draining' });
    await third.close();
    const isAttended = 'SELECT FROM agents WHERE tenant_id = $1 AND offline_after_ms IS NOT NULL';
    await until(async () => (await sweep(), (await rows(isAttended)).length === 0), 'its time has run out');
    expect(await status()).toBe('draining');
  });

  it('does not keep an agent there whose node is stopped or killed', async () => {
    const { key, ada, bob, http } = await given.workspace({ agents: ['ada', 'bob'] });
    const offline = (agent: Agent) =>
      until(
        async () => (await http.get(`/v1/agents/${agent.id}`)).body.status === 'offline',
        `${agent.name} is offline`,
      );
    const settings = { MUSTER_WS_PING_MS: String(PING_MS) };
    const stopped = await startNode(workerDatabase(), settings);
    const killed = new SupervisedNode(await freePort(), { ...settings, DATABASE_URL: workerDatabase() });
    await killed.untilReady();
    await (await SocketClient.open(stopped.url, { key })).call('agent.attach', { agentId: ada.id });
    await (await SocketClient.open(killed.url, { key })).call('agent.attach', { agentId: bob.id });

    killed.kill();
    await Promise.all([killed.stop(), stopped.stop()]);
    await Promise.all([offline(ada), offline(bob)]);
  });

  it('forgets an agent that is deleted, and has no more of them attended than may be', async () => {
    const { key, agent, http } = await given.workspace();
    const client = await SocketClient.open(given.node.url, { key });
    const agents = await Promise.all(Array.from({ length: 102 }, (_, n) => agent(`agent ${n}`)));
    const attach = ({ id }: Agent) => client.ask('agent.attach', { agentId: id });
    const answers = await Promise.all(agents.map(attach));
    const refused = answers.flatMap(({ error }) => error ?? []);
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ code: -32_602, data: { code: 'invalid_input' } });

    const [doomed, last] = [agents.find((_, n) => answers[n]?.result), agents.find((_, n) => answers[n]?.error)];
    await http.delete(`/v1/agents/${doomed?.id}`);
    await until(async () => (await attach(last as Agent)).result, 'there is room for another');
    await client.close();
  });

  it('refuses to attend what is no agent of the tenant, or may not be changed', async () => {
    const { key, keyFor, ada } = await given.workspace({ agents: ['ada'] });
    const stranger = await given.workspace({ agents: ['bob'] });
    const client = await SocketClient.open(given.node.url, { key });
    const refusal = async (params: unknown, from = client) => (await from.ask('agent.attach', params)).error;
    expect(await refusal({ agentId: stranger.bob.id })).toMatchObject({ code: -32_004 });
    expect(await refusal({ agentId: 'x' })).toMatchObject({ code: -32_602 });
    expect(await refusal({})).toMatchObject({ code: -32_602 });
    expect(await refusal({ agentId: ada.id, id: 1 })).toMatchObject({ code: -32_602 });
    expect((await client.ask('agent.detach', { agentId: ada.id })).error).toMatchObject({ code: -32_004 });
    const reader = await SocketClient.open(given.node.url, { key: await keyFor('read') });
    expect(await refusal({ agentId: ada.id }, reader)).toMatchObject({ code: -32_003 });
    await Promise.all([client.close(), reader.close()]);
  });

  it('leaves nothing behind', async () => {
    for (const node of given.nodes) {
      await until(async () => (await metric(node, 'sockets_open')) === 0);
      await until(() => node.get(LiveFeeds)['subscriptions'].size === 0);
      expect(node.lines.filter(({ level }) => level === 'error')).toEqual([]);
    }
  });
});

describe('a slow consumer over WebSocket', () => {
  const given = startGiven({ nodes: 2, settings: { MUSTER_STREAM_BUFFER_EVENTS: '300' } });

  it('resyncs a client that reads more slowly than is written, closes it, and keeps its memory bounded', async () => {
    const { key, tenantId, workspace } = await given.tenant();
    const { id } = workspace;
    const slow = await SocketClient.open(given.node.url, { key });
    const quick = await SocketClient.open(given.node.url, { key });
    const feeds = [{ workspaceId: id, after: 1 }];
    const [first, second] = [await slow.subscribe({ feeds }), await quick.subscribe({ feeds })];
    slow.ws.pause();
    let written = 1;
    const ended = (): Promise<number> => metric(given.node, 'sockets_closed_total{reason="slow_consumer"}');
    for (; (await metric(given.node, 'live_subscriptions')) > 1; written += 100) {
      await write(given, tenantId, id, 100, 5_000);
      await quick.untilEvents(second, written + 99);
    }
    slow.ws.resume();

    expect(await slow.end()).toMatchObject({ code: 4429 });
    await until(ended);
    const [resync] = slow.notices('resync');
    const seen = slow.numbersOf(first);
    expect(seen).toEqual(oneTo(seen.length + 1).slice(1));
    expect(resync).toMatchObject({
      subscription: first,
      code: 'slow_consumer',
      feeds: [{ workspaceId: id, after: seen.at(-1) }],
    });
    const again = await SocketClient.open(given.second.url, { key });
    const third = await again.subscribe({ feeds: resync?.feeds });
    await again.untilEvents(third, written - Number(seen.at(-1)));
    expect([...seen, ...again.numbersOf(third)]).toEqual(oneTo(written).slice(1));
    await Promise.all([quick.close(), again.close()]);
  });

  it('is not who subscribes in a batch that takes long to be answered', async () => {
    const { key, tenantId, workspace, ada } = await given.workspace({ agents: ['ada'] });
    const client = await SocketClient.open(given.node.url, { key });
    const follow = { feeds: [{ workspaceId: workspace.id, after: 1 }] };
    client.send([
      { jsonrpc: '2.0', id: 's', method: 'subscribe', params: follow },
      { jsonrpc: '2.0', id: 'c', method: 'task.claim', params: { agentId: ada.id, waitSeconds: 30 } },
    ]);
    await client.call('time');
    for (let n = 0; n < 5; n++) await write(given, tenantId, workspace.id, 100);
    await until(async () => (await client.call('cancel', { id: 'c' })).cancelled, 'the claim ends');
    const [subscribed] = await client.batch();
    const { subscription } = subscribed?.result as unknown as { subscription: string };

    await client.untilEvents(subscription, 500);
    expect(client.numbersOf(subscription)).toEqual(oneTo(501).slice(1));
    expect(client.notices('resync')).toEqual([]);
    await client.close();
  });
});

describe('a client over WebSocket that takes nothing', () => {
  const given = startGiven({ settings: { MUSTER_WS_STALLED_MS: '2000' } });

  it('is given up, and nothing more is read of what it asks', async () => {
    const { key } = await given.tenant();
    const client = await SocketClient.open(given.node.url, { key });
    client.ws.pause();
    const sent = 40_000;
    for (let n = 0; n < sent; n++) client.request('methods');
    await until(() => metric(given.node, 'sockets_closed_total{reason="stalled"}'), 'it is given up');
    expect(await metric(given.node, 'socket_messages_total{direction="in"}')).toBeLessThan(sent);
    client.ws.terminate();
  });

  it('has few of its reads answered, however many it asks for', async () => {
    const { key, http } = await given.tenant();
    for (let n = 0; n < 10; n++) {
      await http.post('/v1/tasks', { type: 'build', title: 'a', parameters: { text: 'a'.repeat(50_000) } });
    }
    const served = (): Promise<number> =>
      metric(given.node, 'http_request_duration_seconds_count{method="GET",route="/v1/tasks",status="200"}');
    const before = await metric(given.node, 'sockets_closed_total{reason="stalled"}');
    const client = await SocketClient.open(given.node.url, { key });
    client.ws.pause();
    for (let n = 0; n < 250; n++) client.request('task.list');
    await until(
      async () => (await metric(given.node, 'sockets_closed_total{reason="stalled"}')) > before,
      'it is given up',
    );
    expect(await served()).toBeLessThan(125);
    client.ws.terminate();
  });
});
