import { once } from 'node:events';
import { connect as connectTo } from 'node:net';
import { ApiKeysService } from '../../../src/shared/auth/index.js';
import { startGiven } from '../../support/given.js';
import { metric } from '../../support/metric.js';
import { SocketClient } from '../../support/socket-client.js';
import { until } from '../../support/until.js';

/** What the server answers to bytes, until it has answered `until`. */
async function exchange(url: string, bytes: string, ended: (text: string) => boolean): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connectTo(Number(port), hostname);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'connect');
  socket.write(bytes);
  await until(() => ended(text), 'the server answered');
  socket.destroy();
  return text;
}

describe('the handshake of /v1/ws', () => {
  const given = startGiven({
    settings: {
      MUSTER_CORS_ORIGINS: 'https://app.example.com',
      MUSTER_WS_PER_KEY: '2',
      MUSTER_WS_PER_TENANT: '3',
      MUSTER_WS_CONNECTIONS: '4',
    },
  });

  it('takes a key as header, or as a subprotocol where pages cannot send one', async () => {
    const { key } = await given.tenant();
    const byHeader = await SocketClient.open(given.node.url, { key });
    const protocols = ['muster.v1+msgpack', `muster.bearer.${key}`];
    const bySubprotocol = await SocketClient.open(given.node.url, { protocols, encoding: 'msgpack' });

    expect(bySubprotocol.ws.protocol).toBe('muster.v1+msgpack');
    expect(await bySubprotocol.call('task.list')).toMatchObject({ items: [] });
    await Promise.all([byHeader.close(), bySubprotocol.close()]);
    expect(JSON.stringify(given.node.lines)).not.toContain(key);
  });

  it('speaks JSON with a client that names no subprotocol', async () => {
    const { key } = await given.tenant();
    const client = await SocketClient.open(given.node.url, { key, protocols: [] });
    expect(client.ws.protocol).toBe('');
    expect(await client.call('ping')).toEqual({});
    await client.close();
  });

  it('refuses before the upgrade, as an ordinary request is refused', async () => {
    const { key, caller } = await given.tenant();
    const { url } = given.node;
    const keys = given.node.get(ApiKeysService);
    const { key: revoked, secret } = await keys.create(caller, { name: 'old', scopes: ['read'] });
    await keys.revoke(caller, revoked.id);

    const none = await SocketClient.refused(url);
    expect(none).toMatchObject({ status: 401, problem: { code: 'missing_credentials' } });
    expect(none.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'www-authenticate': expect.stringContaining('Bearer') as string,
      'x-request-id': none.problem.instance,
    });
    expect(await SocketClient.refused(url, { key: `${key}x` })).toMatchObject({
      problem: { code: 'invalid_credentials' },
    });
    expect(await SocketClient.refused(url, { key: secret })).toMatchObject({
      problem: { code: 'credentials_revoked' },
    });
    expect(await SocketClient.refused(url, { key, protocols: ['graphql-ws'] })).toMatchObject({
      status: 400,
      problem: { code: 'unsupported_subprotocol', supported: ['muster.v1+json', 'muster.v1+msgpack'] },
    });
  });

  it('takes no token from the query string', async () => {
    const { key } = await given.tenant();
    const { host } = new URL(given.node.url);
    const handshake = `GET /v1/ws?token=${key} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    expect(await exchange(given.node.url, handshake, (text) => text.includes('missing_credentials'))).toContain(
      ' 401 ',
    );
  });

  it('lets pages of its own and of allowed origins connect, and of no other', async () => {
    const { key } = await given.tenant();
    const { url } = given.node;
    for (const origin of ['https://app.example.com', url]) {
      await (await SocketClient.open(url, { key, origin })).close();
    }
    for (const origin of ['https://evil.example', 'null']) {
      const { status, problem } = await SocketClient.refused(url, { key, origin });
      expect({ status, code: problem.code }).toEqual({ status: 403, code: 'origin_not_allowed' });
    }
  });

  it.each([
    ['Sec-WebSocket-Version: 8', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='],
    ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: short'],
    ['Sec-WebSocket-Version: 13', 'X-Nothing: 1'],
  ])('names what is wrong with the handshake: %s, %s', async (...lines) => {
    const { key } = await given.tenant();
    const { host } = new URL(given.node.url);
    const head = ['GET /v1/ws HTTP/1.1', `Host: ${host}`, `Authorization: Bearer ${key}`, 'Upgrade: websocket'];
    const handshake = [...head, 'Connection: Upgrade', ...lines].join('\r\n');
    const text = await exchange(given.node.url, `${handshake}\r\n\r\n`, (one) => one.includes('malformed_handshake'));
    expect(text).toContain('HTTP/1.1 400');
    expect(text).toContain('sec-websocket-version: 13');
  });

  it('answers 426 to a request that is no handshake, and 404 to a handshake elsewhere', async () => {
    const { http, key } = await given.tenant();
    const plain = await http.get('/v1/ws');
    expect(plain).toMatchObject({ status: 426, body: { code: 'upgrade_required' } });
    expect(plain.headers.get('upgrade')).toBe('websocket');
    const handshake = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`;
    const text = await exchange(given.node.url, handshake('/v1/nowhere'), (one) => one.includes('route_not_found'));
    expect(text).toContain('HTTP/1.1 404');
    const task = await exchange(given.node.url, handshake('/v1/tasks'), (one) => one.includes('hasMore'));
    expect(task).toContain('HTTP/1.1 200');
  });

  it('streams events to a handshake elsewhere as to every request, until it hangs up', async () => {
    const { key, workspace } = await given.tenant();
    const path = `/v1/workspaces/${workspace.id}/events/stream`;
    const handshake = `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`;
    const text = await exchange(given.node.url, handshake, (one) => one.includes('event: workspace.created'));
    expect(text).toContain('HTTP/1.1 200');
    await until(async () => (await metric(given.node, 'streams_open')) === 0, 'the stream has ended');
  });

  it('serves a request that would rather speak HTTP/2, its body and those after it included', async () => {
    const { key } = await given.tenant();
    const body = JSON.stringify({ type: 'build', title: 'From Java' });
    const head = `Host: a\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    const wish = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA';
    const asked = `POST /v1/tasks HTTP/1.1\r\n${head}\r\n${wish}\r\n\r\n${body}POST /v1/tasks HTTP/1.1\r\n${head}\r\n\r\n${body}`;
    const text = await exchange(given.node.url, asked, (one) => one.split('From Java').length === 3);
    expect(text.match(/HTTP\/1\.1 201/g)).toHaveLength(2);
  });

  it('has limits for a key, a tenant and the node, and gives places back', async () => {
    const { key, keyFor } = await given.tenant();
    const other = await keyFor('read');
    const { url } = given.node;
    const open = [await SocketClient.open(url, { key }), await SocketClient.open(url, { key })];

    const ofKey = await SocketClient.refused(url, { key });
    expect(ofKey).toMatchObject({ status: 429, problem: { code: 'too_many_connections', limitedBy: 'key', limit: 2 } });
    expect(ofKey.headers['retry-after']).toBe('5');
    open.push(await SocketClient.open(url, { key: other }));
    const ofTenant = await SocketClient.refused(url, { key: other });
    expect(ofTenant).toMatchObject({ status: 429, problem: { limitedBy: 'tenant', limit: 3 } });
    const next = await given.tenant();
    open.push(await SocketClient.open(url, { key: next.key }));
    expect(await SocketClient.refused(url, { key: next.key })).toMatchObject({
      status: 503,
      problem: { code: 'node_full' },
    });

    await Promise.all(open.map((client) => client.close()));
    const again = await until(() => SocketClient.open(url, { key }).catch(() => undefined));
    await again.close();
  });
});
