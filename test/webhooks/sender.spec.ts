import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { Sender, type Resolve } from '../../src/webhooks/sender.js';
import { WebhookSettings } from '../../src/webhooks/webhook.settings.js';
import { type Receiver, startReceiver, status } from '../support/receiver.js';

describe('the sender of webhooks', () => {
  const ends: (() => void)[] = [];
  afterEach(() => ends.splice(0).forEach((end) => end()));

  /** Names are at the addresses that are given, one list after the other. */
  const senderTo = (...answers: string[][]): Sender => {
    const resolve: Resolve = (_name, _options, done) =>
      done(
        null,
        (answers.shift() ?? []).map((address) => ({ address, family: 4 })),
      );
    const sender = new Sender(new WebhookSettings({ allowPrivate: ['127.0.0.1'] }), resolve);
    ends.push(() => sender.onApplicationShutdown());
    return sender;
  };
  const receiver = async (...[respond]: Parameters<typeof startReceiver>): Promise<Receiver> => {
    const made = await startReceiver(respond);
    ends.push(() => void made.stop());
    return made;
  };

  it('looks at the address of every connection, whatever the name was at before', async () => {
    const hook = await receiver(status(200, { connection: 'close' }));
    const sender = senderTo(['127.0.0.1'], ['10.0.0.1']);
    const url = `http://hook.example:${hook.port}/`;

    expect((await sender.post(url, {}, '{}')).status).toBe(200);
    await expect(sender.post(url, {}, '{}')).rejects.toMatchObject({ reason: 'address_refused', hostFailed: false });
    expect(hook.received).toHaveLength(1);
  });

  it('connects to the allowed ones of several addresses', async () => {
    const hook = await receiver();
    const sender = senderTo(['10.0.0.1', '127.0.0.1', '169.254.169.254']);

    expect((await sender.post(`http://hook.example:${hook.port}/`, {}, '{}')).status).toBe(204);
  });

  it('uses a connection again, and makes a new one when that has ended meanwhile', async () => {
    const sockets = new Map<Socket, number>();
    const server: Server = createServer((request, response) => {
      const used = (sockets.get(request.socket) ?? 0) + 1;
      sockets.set(request.socket, used);
      if (used === 3) request.socket.destroy();
      else response.end();
    }).listen(0, '127.0.0.1');
    ends.push(
      () => server.close(),
      () => server.closeAllConnections(),
    );
    await once(server, 'listening');
    const sender = senderTo(['127.0.0.1'], ['127.0.0.1']);
    const url = `http://hook.example:${(server.address() as AddressInfo).port}/`;
    for (let n = 0; n < 3; n++) expect((await sender.post(url, {}, '{}')).status).toBe(200);

    expect([...sockets.values()]).toEqual([3, 1]);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    [
      'switches to another protocol',
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      'The connection ended without an answer.',
    ],
    ['closes the connection', (socket) => socket.end(), 'socket hang up'],
    ['breaks the connection off', (socket) => socket.resetAndDestroy(), 'read ECONNRESET'],
    ['says what is no HTTP', (socket) => socket.write('hello\r\n\r\n'), 'Parse Error: Expected HTTP/'],
    [
      'sends interim answers without end',
      (socket) => {
        const more = (): void => {
          if (socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')) setImmediate(more);
        };
        more();
      },
      'It sent more than 16 interim answers.',
    ],
  ])('is not kept waiting by an endpoint that %s', async (_what, answer, message) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).once('data', () => answer(socket));
    }).listen(0, '127.0.0.1');
    ends.push(() => server.close());
    await once(server, 'listening');
    const url = `http://hook.example:${(server.address() as AddressInfo).port}/`;

    await expect(senderTo(['127.0.0.1']).post(url, {}, '{}')).rejects.toMatchObject({
      reason: 'connection_failed',
      message: expect.stringContaining(message) as string,
      hostFailed: true,
    });
  });

  it('takes the answer that comes after interim ones', async () => {
    const hook = await receiver((response) => {
      response.writeContinue();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(200).end();
    });

    expect((await senderTo(['127.0.0.1']).post(`http://hook.example:${hook.port}/`, {}, '{}')).status).toBe(200);
  });

  it('tells why there was no answer', async () => {
    const hook = await receiver();
    const plain = `https://hook.example:${hook.port}/`;
    await expect(senderTo(['127.0.0.1']).post(plain, {}, '{}')).rejects.toMatchObject({
      reason: 'connection_failed',
      hostFailed: true,
    });
    await expect(senderTo([]).post(plain, {}, '{}')).rejects.toMatchObject({ reason: 'address_refused' });
  });
});
