import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What becomes of something that was sent: it arrives, now or later (even when its sender is gone by then), its
 * connection is broken, nobody on this connection hears from the other any more, or the proxy answers in its place.
 */
export type Fate = 'pass' | 'break' | 'mute' | { delayMs: number } | { answer: string };
type Direction = 'request' | 'reply';

/** Stands between us and a server, to fail in the ways networks do. */
export class TcpProxy {
  /** Decides over whatever is sent. */
  fate: (direction: Direction) => Fate = () => 'pass';
  private server?: Server;
  private readonly pairs = new Set<[Socket, Socket]>();
  /** Something of theirs is lost: to go on would be to send a stream with a hole in it. */
  private readonly muted = new WeakSet<[Socket, Socket]>();
  private frozen = false;

  private constructor(
    private readonly target: URL,
    private port = 0,
  ) {}

  /** In front of the server that `url` names. */
  static async start(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url));
    await proxy.open();
    return proxy;
  }

  /** The given address, through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** Refuses new connections and breaks the present ones. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    this.cut();
    await closed;
  }

  /** Accepts connections, at the same address as before. */
  async open(): Promise<void> {
    this.frozen = false;
    const server = createServer((socket) => this.join(socket));
    this.server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
  }

  /** Breaks the present connections. */
  cut(): void {
    for (const [client, server] of this.pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Both ends keep their connection and hear nothing from the other: a cable pulled, a firewall that forgot. */
  freeze(): void {
    this.frozen = true;
    for (const pair of this.pairs) pair.forEach((socket) => socket.pause());
  }

  thaw(): void {
    this.frozen = false;
    for (const pair of this.pairs) if (!this.muted.has(pair)) pair.forEach((socket) => socket.resume());
  }

  private join(client: Socket): void {
    const server = connect(Number(this.target.port || 5432), this.target.hostname);
    const pair: [Socket, Socket] = [client, server];
    this.pairs.add(pair);
    this.forward(client, server, pair, 'request');
    this.forward(server, client, pair, 'reply');
    if (this.frozen) pair.forEach((socket) => socket.pause());
  }

  private forward(from: Socket, to: Socket, pair: [Socket, Socket], direction: Direction): void {
    // What was delayed goes before what came after it, and before the end.
    let delivered: Promise<unknown> | undefined;
    const inOrder = (act: () => unknown): void => {
      if (delivered) delivered = delivered.then(act);
      else act();
    };
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (pair[0].writableEnded) return;
      const fate = this.fate(direction);
      if (fate === 'break') pair.forEach((socket) => socket.resetAndDestroy());
      else if (fate === 'mute') {
        this.muted.add(pair);
        pair.forEach((socket) => socket.pause());
      } else if (typeof fate === 'object' && 'answer' in fate) {
        pair[0].end(fate.answer);
        pair[1].destroy();
      } else {
        if (fate !== 'pass') delivered = (delivered ?? Promise.resolve()).then(() => pause(fate.delayMs));
        inOrder(() => to.destroyed || to.write(chunk));
      }
    });
    from.on('end', () => inOrder(() => to.end()));
    // The other end is told when the connection is closed, which follows.
    from.on('error', () => undefined);
    from.on('close', () => {
      this.pairs.delete(pair);
      inOrder(() => to.destroySoon());
    });
  }
}
