import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '../../src/cli/client.js';
import { ApiError, Unreachable } from '../../src/cli/failures.js';
import { deadUrl } from '../support/cli.js';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(JSON.stringify(body));
const busy = (status: number): Answer => json(status, { code: 'busy', detail: 'Later.' }, { 'retry-after': '0' });
const cut: Answer = (response) => void response.destroy();

describe('the client', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  /** A server that answers one request after the other as told, and the last way for ever. */
  async function answering(...answers: Answer[]) {
    const requests: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      const answer = answers[Math.min(requests.push(request), answers.length) - 1];
      request.resume().on('end', () => answer?.(response, request));
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { requests, server, client: new Client({ url: `${url}/`, key: 'mst_key', patienceMs: 5_000 }) };
  }

  const good = json(200, { done: true });

  it('comes back when it is asked to come back later', async () => {
    const { client, requests } = await answering(busy(503), busy(429), good);
    expect(await client.get('/x')).toEqual({ done: true });
    expect(requests).toHaveLength(3);
  });

  it('repeats a read and what is said to be repeatable when the connection breaks', async () => {
    const { client, requests } = await answering(cut, good, cut, good);
    await client.get('/x');
    await client.post('/x', {}, { repeatable: true });
    expect(requests).toHaveLength(4);
  });

  it('does not repeat any other change: it may have been done', async () => {
    const { client, requests } = await answering(cut, busy(503), good);
    const broken: unknown = await client.post('/x', {}).catch((error: unknown) => error);
    expect(broken).toBeInstanceOf(Unreachable);
    expect(broken).toMatchObject({ sent: true, exitCode: 3 });
    await expect(client.post('/x', {})).rejects.toBeInstanceOf(ApiError);
    expect(requests).toHaveLength(2);
  });

  it('repeats any change that was turned away before it began', async () => {
    const { client, requests } = await answering(busy(429), good);
    expect(await client.post('/x', {})).toEqual({ done: true });
    expect(requests).toHaveLength(2);
  });

  it('waits for a server that is not there yet, even with a change', async () => {
    const url = await deadUrl();
    const answer = new Client({ url, key: 'k', patienceMs: 10_000 }).post('/x', {});
    const server = createServer((_, response) => void response.end('{"late":true}'));
    servers.push(server.listen(Number(new URL(url).port), '127.0.0.1'));
    expect(await answer).toEqual({ late: true });
  });

  it('loses its patience', async () => {
    const client = new Client({ url: await deadUrl(), key: 'k', patienceMs: 0 });
    await expect(client.get('/x')).rejects.toMatchObject({ sent: false, code: 'unreachable' });
  });

  it('does not repeat what is refused for good', async () => {
    const { client, requests } = await answering(
      json(409, { code: 'lease_lost', detail: 'Over.', currentEpoch: 4 }),
      good,
    );
    const refused = client.post('/x', {}, { repeatable: true });
    await expect(refused).rejects.toMatchObject({ status: 409, code: 'lease_lost', problem: { currentEpoch: 4 } });
    expect(requests).toHaveLength(1);
  });

  it('tells a stranger from a server of Muster', async () => {
    const { client } = await answering((response) => void response.writeHead(502).end('<html>Bad gateway</html>'));
    await expect(client.get('/x')).rejects.toMatchObject({ status: 502, code: 'not_muster' });
  });

  it('ends a request that is not answered in time', async () => {
    const { client } = await answering(() => undefined);
    const call = client.call('POST', '/x', { body: {}, timeoutMs: 20 });
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining('no answer in time') as string });
  });

  it('keeps its connections', async () => {
    const { client, server } = await answering(good);
    let connections = 0;
    server.on('connection', () => (connections += 1));
    for (let n = 0; n < 30; n += 1) await client.get('/x');
    // Not always one: a request may come before the answer to the one before was put away.
    expect(connections).toBeLessThan(5);
  });

  it('writes queries, keys and bodies as the server reads them', async () => {
    const { client, requests } = await answering(good);
    await client.get('/x', { status: ['pending', 'a b'], limit: 2, none: undefined });
    await client.call('POST', '/y', { body: '{}\n{}' });
    expect(requests.map(({ url, headers }) => [url, headers.authorization, headers['content-type']])).toEqual([
      ['/x?status=pending&status=a+b&limit=2', 'Bearer mst_key', undefined],
      ['/y', 'Bearer mst_key', 'application/x-ndjson'],
    ]);
  });
});
