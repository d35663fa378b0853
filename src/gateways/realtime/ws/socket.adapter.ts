import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { WsAdapter } from '@nestjs/platform-ws';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket, WebSocketServer } from 'ws';
import { createOpenApiDocument } from '../../../shared/http/index.js';
import { isHandshake, subprotocolFor } from './handshake.js';
import { MethodCatalogue } from './method-catalogue.js';
import { serveUnupgraded, SocketDoor } from './socket-door.js';
import { limitsOf, SOCKET_OPTIONS, type SocketOptions } from './socket.options.js';

/** How long a client may take to answer a goodbye. */
const FAREWELL_MS = 5_000;

/** Once 16 KiB are ready, compressing them is worth the time and the memory. */
const COMPRESSION = {
  threshold: 16 * 1024,
  concurrencyLimit: 4,
  // What is kept between messages would be 100 KiB a connection and more.
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
};

/**
 * Nest's adapter for `ws`, with our door before it: `app.useWebSocketAdapter(new MusterWsAdapter(app))`, before the
 * application is initialised, where Muster is imported with `websocket: true`. Gateways of the application are not
 * served by it.
 */
export class MusterWsAdapter extends WsAdapter {
  private listener?: (request: IncomingMessage, socket: Socket, head: Buffer) => void;

  constructor(private readonly app: INestApplication) {
    super(app);
  }

  override create(port: number, options: Record<string, unknown> & { path?: string } = {}): WebSocketServer {
    const { messageBytes, compression } = limitsOf(this.app.get<SocketOptions>(SOCKET_OPTIONS, { strict: false }));
    const catalogue = this.app.get(MethodCatalogue, { strict: false });
    catalogue.describeBy(() =>
      createOpenApiDocument(this.app as NestFastifyApplication, { title: 'Muster', version: 'v1' }),
    );
    return super.create(port, {
      ...options,
      maxPayload: messageBytes,
      perMessageDeflate: compression && COMPRESSION,
      // Our own service knows them.
      clientTracking: false,
      closeTimeout: FAREWELL_MS,
      handleProtocols: (_: Set<string>, request: IncomingMessage) => subprotocolFor(request),
    }) as WebSocketServer;
  }

  /** A connection's errors are its own matter: they come from clients, and say why it ended. */
  override bindErrorHandler(server: WebSocketServer): WebSocketServer {
    return server;
  }

  override bindMessageHandlers(): void {}

  override bindClientDisconnect(): void {}

  override async dispose(): Promise<void> {
    const http = this.httpServer as Server;
    if (this.listener) http.off('upgrade', this.listener);
    await super.dispose();
  }

  protected override ensureHttpServerExists(port: number, http: Server): Server | undefined {
    if (this.httpServersRegistry.has(port)) return undefined;
    this.httpServersRegistry.set(port, http);
    this.listener = (request, socket, head) => {
      this.upgrade(http, request, socket, head).catch((err: unknown) => {
        this.logger.error({ msg: 'a handshake failed', err });
        socket.destroy();
      });
    };
    http.on('upgrade', this.listener);
    return http;
  }

  private async upgrade(http: Server, request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    if (!isHandshake(request)) return serveUnupgraded(http, request, socket, head);

    const door = this.app.get(SocketDoor, { strict: false });
    const admitted = await door.admit(request, socket);
    if (!admitted) return;
    const [server] = this.wsServersRegistry.get(0) as [WebSocketServer];
    server.handleUpgrade(request, socket, head, (ws: WebSocket) => server.emit('connection', ws, socket, admitted));
  }
}
