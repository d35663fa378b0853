import { createServer, connect } from 'node:net';

const QUERY = 'Q'.charCodeAt(0);
const EXECUTE = 'E'.charCodeAt(0);
const STARTUP = 0;

/** Stands before a PostgreSQL and counts the statements that clients send through it. */
export class CountingProxy {
  statements = 0;
  #sockets = new Set();

  static async open(url) {
    const proxy = new CountingProxy();
    const { hostname, port } = new URL(url);
    proxy.server = createServer((client) => proxy.#pass(client, connect(Number(port || 5432), hostname)));
    await new Promise((listening) => proxy.server.listen(0, '127.0.0.1', listening));
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(proxy.server.address().port);
    proxy.url = through.href;
    return proxy;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((closed) => this.server.close(closed));
  }

  #pass(client, server) {
    const count = this.#counter();
    for (const [from, to] of [
      [client, server],
      [server, client],
    ]) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => this.#sockets.delete(from) && to.destroy());
    }
    client.on('data', count);
    client.pipe(server);
    server.pipe(client);
  }

  /** Messages are a letter and a length; the first of a connection has no letter. */
  #counter() {
    let rest = Buffer.alloc(0);
    let letters = STARTUP;
    return (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= letters + 4) {
        const end = letters + rest.readInt32BE(letters);
        if (rest.length < end) return;
        if (letters > 0 && (rest[0] === QUERY || rest[0] === EXECUTE)) this.statements++;
        rest = rest.subarray(end);
        letters = 1;
      }
    };
  }
}
