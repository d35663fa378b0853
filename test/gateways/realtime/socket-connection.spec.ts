import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { JSON_TEXT } from '../../../src/gateways/realtime/ws/encodings.js';
import { SocketConnection } from '../../../src/gateways/realtime/ws/socket-connection.js';
import { limitsOf, type SocketOptions } from '../../../src/gateways/realtime/ws/socket.options.js';
import { until } from '../../support/until.js';

const LARGE = 32 * 1024 * 1024;

describe('a connection whose client reads slowly', () => {
  let server: WebSocketServer;
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
  });
  afterAll(() => {
    for (const ws of server.clients) ws.terminate();
    server.close();
  });

  /** Both ends of a connection; the time at which it is looked after is the test's. */
  async function connect(options: SocketOptions) {
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection') as Promise<[WebSocket, { socket: Socket }]>;
    const client = new WebSocket(`ws://127.0.0.1:${port}`, { autoPong: false });
    const [ws, { socket }] = await accepted;
    await once(client, 'open');
    client.pause();
    const peer = {
      id: 'a',
      caller: { tenantId: 't', actorId: 'ada', scopes: [] },
      address: '127.0.0.1',
      headers: {},
      encoding: JSON_TEXT,
    };
    const connection = new SocketConnection(ws, socket, peer, limitsOf(options), {
      onMessage: () => Promise.resolve(),
      onSent: () => undefined,
      onPing: () => undefined,
      onClosed: () => undefined,
    });
    return { client, ws, socket, connection };
  }

  it('lasts while anything of one large write is taken, and no longer', async () => {
    const stalledMs = 10_000;
    const { client, socket, connection } = await connect({ stalledMs });
    const untaken = (): number => (socket as unknown as { _handle: { writeQueueSize: number } })._handle.writeQueueSize;
    connection.send(Buffer.alloc(LARGE, 'a'));
    await until(untaken, 'the system has what it takes');
    const begun = performance.now();
    connection.tick(begun);
    const before = untaken();
    client.resume();
    await until(() => untaken() < before, 'some of it is taken');
    client.pause();
    connection.tick(begun + stalledMs + 1);
    expect(untaken()).toBeGreaterThan(0);
    expect(connection.isOpen).toBe(true);

    connection.tick(begun + 2 * stalledMs + 2);
    expect(connection.isOpen).toBe(false);
  });

  it('is not taken for dead before it was listened to again', async () => {
    const pingMs = 50;
    const { client, ws, socket, connection } = await connect({ pingMs });
    connection.send(Buffer.alloc(LARGE, 'a'));
    expect(ws.isPaused).toBe(true);
    const begun = performance.now();
    await until(() => performance.now() > begun + 3 * pingMs);
    // In the same turn, in which nothing it said can have been read.
    const looked = new Promise<void>((resolve) => {
      socket.on('drain', () => {
        if (ws.isPaused) return;
        connection.tick(performance.now());
        resolve();
      });
    });
    client.resume();
    await looked;
    expect(connection.isOpen).toBe(true);
  });
});
