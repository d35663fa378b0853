import { connect } from 'node:net';
import { ADMIN_KEY } from './muster.mjs';

const HEAD_END = Buffer.from('\r\n\r\n');

/** A connection that sends one request after the other; as little work as a client can do, for it shares the machine. */
export class HttpClient {
  #waiting;
  #received = Buffer.alloc(0);

  static async open(url) {
    const client = new HttpClient();
    const { hostname, port } = new URL(url);
    client.host = `${hostname}:${port}`;
    client.socket = connect(Number(port), hostname);
    client.socket.setNoDelay(true);
    client.socket.on('data', (chunk) => client.#take(chunk));
    client.socket.on('error', (error) => client.#waiting?.reject(error));
    await new Promise((connected) => client.socket.once('connect', connected));
    return client;
  }

  /** The body of the answer, parsed when `parse` is set. */
  post(path, body, { parse = false } = {}) {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject, parse };
      this.socket.write(
        `POST ${path} HTTP/1.1\r\nhost: ${this.host}\r\nauthorization: Bearer ${ADMIN_KEY}\r\n` +
          `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      );
    });
  }

  close() {
    this.socket.destroy();
  }

  #take(chunk) {
    this.#received = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const end = headEnd + 4 + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < end) return;
    const body = this.#received.subarray(headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    const { resolve, reject, parse } = this.#waiting;
    if (!/^HTTP\/1.1 20/.test(head)) reject(new Error(`${head.split('\r\n')[0]} ${body}`));
    else resolve(parse ? JSON.parse(body.toString()) : undefined);
  }
}
