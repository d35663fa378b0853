import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from './until.js';

/** A request as an endpoint gets it. */
export interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  /** The CloudEvent. */
  event: { id: string; type: string; sequence: number; subject: string; data: Record<string, unknown> };
}

export type Respond = (response: ServerResponse, received: Received) => void;

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;

/** Answers with a status and nothing more. */
export const status =
  (code: number, headers: Record<string, string> = {}): Respond =>
  (response) =>
    void response.writeHead(code, headers).end(`this is ${code}`);

/** A real endpoint on loopback. It keeps what it gets and answers 204, unless told otherwise. */
export async function startReceiver(respond: Respond = status(204)) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void receivedOf(request).then((one) => {
      received.push(one);
      receiver.respond(response, one);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const receiver = {
    port,
    url: `http://127.0.0.1:${port}/hook`,
    received,
    /** How it answers from now on. */
    respond,
    /** What it has got, once it is so many. */
    async first(count: number): Promise<Received[]> {
      await until(() => received.length >= count, `${count} requests, of which ${received.length} came`);
      return received.slice(0, count);
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

async function receivedOf(request: IncomingMessage): Promise<Received> {
  const body = await text(request);
  const headers = request.headers as Record<string, string>;
  return { path: request.url ?? '', headers, body, event: JSON.parse(body) as Received['event'] };
}
