import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Packr } from 'msgpackr';
import { WebSocket } from 'ws';
import { until } from './until.js';

export interface RpcAnswer<T = Record<string, never>> {
  jsonrpc: string;
  id: string | number | null;
  result?: T;
  error?: { code: number; message: string; data: Record<string, unknown> };
}

interface Notice {
  method: string;
  params: Record<string, unknown>;
}

interface FollowedEvent {
  sequence: number;
  type: string;
  feed: string;
}

export interface ConnectOptions {
  key?: string;
  encoding?: 'json' | 'msgpack';
  protocols?: string[];
  headers?: Record<string, string>;
  origin?: string;
  compression?: boolean;
  autoPong?: boolean;
}

/** As any other implementation of MessagePack packs. */
const packr = new Packr({ useRecords: false });

/** A client of `/v1/ws` that shows what was sent. */
export class SocketClient {
  readonly messages: unknown[] = [];
  closed?: { code: number; reason: string };
  private asked = 0;

  private constructor(
    readonly ws: WebSocket,
    private readonly encoding: 'json' | 'msgpack',
  ) {
    ws.on('message', (data: Buffer) => this.messages.push(this.decode(data)));
    ws.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    ws.on('error', () => undefined);
  }

  static async open(url: string, options: ConnectOptions = {}): Promise<SocketClient> {
    const { encoding = 'json' } = options;
    const client = new SocketClient(SocketClient.dial(url, options), encoding);
    await once(client.ws, 'open');
    return client;
  }

  /** The answer to a handshake that is refused. */
  static async refused(url: string, options: ConnectOptions = {}) {
    const ws = SocketClient.dial(url, options);
    const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage];
    const text = (await response.setEncoding('utf8').toArray()).join('');
    return {
      status: response.statusCode,
      headers: response.headers,
      problem: JSON.parse(text) as Record<string, unknown>,
    };
  }

  private static dial(url: string, options: ConnectOptions): WebSocket {
    const { key, encoding = 'json', protocols = [`muster.v1+${encoding}`], headers, origin, ...more } = options;
    return new WebSocket(`${url.replace(/^http/, 'ws')}/v1/ws`, protocols, {
      headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
      perMessageDeflate: more.compression ?? false,
      ...(origin !== undefined && { origin }),
      ...(more.autoPong !== undefined && { autoPong: more.autoPong }),
    });
  }

  /** The connection under the protocol, for what no client would send. */
  get raw(): Socket {
    return (this.ws as unknown as { _socket: Socket })._socket;
  }

  /** A frame as clients send it, masked by zeros. */
  sendFrame(opcode: number, payload: Buffer | string, { fin = true, length = Buffer.byteLength(payload) } = {}): void {
    const head = Buffer.alloc(14);
    head[0] = (fin ? 0x80 : 0) | opcode;
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
    this.raw.write(Buffer.concat([head, Buffer.from(payload)]));
  }

  /** Asks, and waits for the answer. */
  async ask<T = Record<string, unknown>>(
    method: string,
    params?: unknown,
    id?: string | number,
  ): Promise<RpcAnswer<T>> {
    const asked = this.request(method, params, id);
    return this.answer<T>(asked);
  }

  /** The result; an error is thrown. */
  async call<T = Record<string, unknown>>(method: string, params?: unknown): Promise<T> {
    const { result, error } = await this.ask<T>(method, params);
    if (error) throw Object.assign(new Error(error.message), error);
    return result as T;
  }

  request(method: string, params?: unknown, id: string | number = ++this.asked): string | number {
    this.send({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) });
    return id;
  }

  notify(method: string, params?: unknown): void {
    this.send({ jsonrpc: '2.0', method, ...(params !== undefined && { params }) });
  }

  send(message: unknown): void {
    this.ws.send(this.encode(message));
  }

  answer<T = Record<string, unknown>>(id: string | number | null): Promise<RpcAnswer<T>> {
    return until(() => this.answers.find((one) => one.id === id) as RpcAnswer<T> | undefined, `${id} is answered`);
  }

  /** The answer to the only batch. */
  batch(): Promise<RpcAnswer[]> {
    return until(() => this.messages.find((one): one is RpcAnswer[] => Array.isArray(one)), 'the batch is answered');
  }

  get answers(): RpcAnswer[] {
    return this.messages.filter((one): one is RpcAnswer => typeof one === 'object' && one !== null && 'id' in one);
  }

  notices(method: string): Notice['params'][] {
    const isNotice = (one: unknown): one is Notice => typeof one === 'object' && one !== null && 'method' in one;
    return this.messages.filter(isNotice).flatMap((one) => (one.method === method ? [one.params] : []));
  }

  /** The events that came for a subscription. */
  eventsOf(subscription: string): FollowedEvent[] {
    const notices = this.notices('events').filter((one) => one.subscription === subscription);
    return notices.flatMap(({ events }) => events as FollowedEvent[]);
  }

  numbersOf(subscription: string): number[] {
    return this.eventsOf(subscription).map(({ sequence }) => Number(sequence));
  }

  async untilEvents(subscription: string, count: number): Promise<void> {
    await until(() => this.eventsOf(subscription).length >= count || this.closed, `${count} events came`);
  }

  async subscribe(params: unknown): Promise<string> {
    return (await this.call<{ subscription: string }>('subscribe', params)).subscription;
  }

  async end(): Promise<{ code: number; reason: string }> {
    return until(() => this.closed, 'the connection is closed');
  }

  async close(): Promise<void> {
    this.ws.close();
    await this.end();
  }

  encode(message: unknown): Buffer | string {
    return this.encoding === 'json' ? JSON.stringify(message) : packr.pack(message);
  }

  private decode(data: Buffer): unknown {
    return this.encoding === 'json' ? JSON.parse(data.toString()) : packr.unpack(data);
  }
}
