import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { callInProcess, type InProcessAnswer, type InProcessCall } from '../../../shared/http/index.js';
import { isLiveDocument, tokenOfAddress, withToken } from './handshake.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when the request may become a WebSocket connection. */
    admitted?: Admitted;
  }
}

/** A connection that may be opened. */
export interface Admitted {
  accept: (ws: WebSocket, socket: Socket) => void;
  /** Gives back the place that is kept for it, when its socket closes. */
  giveBack: () => void;
}

/** Decides before the answer 101 who may connect; everybody else gets the answer of an ordinary request. */
@Injectable()
export class SocketDoor {
  constructor(private readonly host: HttpAdapterHost) {}

  /** Undefined when it was refused, and answered. */
  async admit(request: IncomingMessage, socket: Socket): Promise<Admitted | undefined> {
    const gone = new AbortController();
    socket.on('error', () => socket.destroy());
    socket.once('close', () => gone.abort());
    const call: InProcessCall = { signal: gone.signal, upgrade: true };
    try {
      const { method = 'GET', headers } = request;
      // A token in the address goes no further than this.
      const url = isLiveDocument(request.url) ? (request.url?.split('?')[0] ?? '/') : (request.url ?? '/');
      const withTokens = { ...tokenOfAddress(request.url), ...withToken(headers) };
      const address = socket.remoteAddress ?? '';
      const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
      const answer = await callInProcess(fastify, { method, url, address, headers: withTokens }, call);
      const admitted = call.request?.admitted;
      if (!admitted) return refuse(socket, answer);
      if (socket.closed) admitted.giveBack();
      else socket.once('close', admitted.giveBack);
      return admitted;
    } catch {
      // The server is closed.
      socket.destroy();
      return undefined;
    }
  }
}

/** How long a client that is refused may take to read why. */
const REFUSAL_MS = 5_000;

/** Said by what is under the answer. */
const OWN_HEADERS = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);

function refuse(socket: Socket, { status, headers, body }: InProcessAnswer): undefined {
  const given = Object.entries(headers).filter(([name, value]) => value !== undefined && !OWN_HEADERS.has(name));
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...given.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.setTimeout(REFUSAL_MS, () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  return undefined;
}

/**
 * Gives a request that asks for another protocol, or for WebSocket elsewhere, back to the server without its wish, which
 * may be ignored: Java's client asks for HTTP/2 so with every first request. Once somebody listens for upgrades, Node
 * leaves such a request to him, its body unread.
 */
export function serveUnupgraded(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let n = 0; n < request.rawHeaders.length; n += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(n, n + 2);
    if (!/^(?:upgrade|connection|http2-settings)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}
