import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { DocumentsService, LiveDocuments, WrongDocumentKind } from '../../../documents/index.js';
import { MissingCredentials } from '../../../shared/auth/index.js';
import { NodeStopping } from '../../../shared/http/index.js';
import { CLOSE_CODES } from '../ws/close-reasons.js';
import { CredentialWatch } from '../credential-watch.js';
import type { Admitted } from '../ws/socket-door.js';
import { Sockets } from '../ws/sockets.service.js';
import { YjsConnection } from './yjs-connection.js';

const PING_MS = 30_000;

/** Connections of this node to live documents. */
@Injectable()
export class YjsSockets implements OnModuleDestroy {
  private readonly connections = new Set<YjsConnection>();
  private timer?: NodeJS.Timeout | undefined;

  constructor(
    private readonly documents: DocumentsService,
    private readonly live: LiveDocuments,
    private readonly credentials: CredentialWatch,
    private readonly sockets: Sockets,
  ) {}

  /** @throws NotFound, WrongDocumentKind, NodeStopping, NodeFull, TooManyConnections */
  async admit({ caller, stillAllowed, headers }: FastifyRequest, documentId: string): Promise<Admitted> {
    if (!caller || !stillAllowed) throw new MissingCredentials();
    const { kind, tenantId } = await this.documents.get(caller, documentId);
    if (kind !== 'live') throw new WrongDocumentKind(documentId, kind, 'live');
    const mayWriteNow = () => this.documents.mayWrite(caller, documentId);
    const mayWrite = await mayWriteNow();
    const giveBack = this.sockets.reserve(caller);
    const opened = { tenantId, documentId, authorId: caller.actorId, mayWrite, mayWriteNow };
    return { giveBack, accept: (ws) => this.accept(ws, opened, { token: headers.authorization ?? '', stillAllowed }) };
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    for (const connection of [...this.connections]) connection.close(CLOSE_CODES.draining, new NodeStopping().message);
  }

  private accept(
    ws: WebSocket,
    opened: ConstructorParameters<typeof YjsConnection>[2],
    { token, stillAllowed }: { token: string; stillAllowed: () => Promise<void> },
  ): void {
    const unwatch = this.credentials.watch(token, stillAllowed, ({ message }) =>
      connection.close(CLOSE_CODES.credentials, message),
    );
    const connection = new YjsConnection(ws, this.live, opened, (closed) => {
      unwatch();
      this.connections.delete(closed);
    });
    this.connections.add(connection);
    this.timer ??= setInterval(() => this.ping(), PING_MS).unref();
  }

  private ping(): void {
    for (const connection of [...this.connections]) connection.ping();
  }
}
