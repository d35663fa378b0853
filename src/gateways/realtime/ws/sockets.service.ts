import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Principal } from '../../../shared/auth/index.js';
import { NodeStopping } from '../../../shared/http/index.js';
import { Metrics } from '../../../shared/metrics/index.js';
import { OpenStreams } from '../open-streams.js';
import { Attendance } from './attendance.service.js';
import { CredentialWatch } from '../credential-watch.js';
import { Rpc } from './rpc.service.js';
import { type ConnectionHooks, type Peer, SocketConnection } from './socket-connection.js';
import { limitsOf, SOCKET_OPTIONS, type SocketLimits, type SocketOptions } from './socket.options.js';
import { NodeFull, TooManyConnections } from './ws.errors.js';

const TICK_MS = 1_000;
/** How long what is under way may take when the node stops. */
const FAREWELL_MS = 15_000;

/** All connections of this node. */
@Injectable()
export class Sockets implements OnModuleDestroy {
  private readonly limits: SocketLimits;
  private readonly places: OpenStreams;
  private readonly connections = new Set<SocketConnection>();
  private readonly hooks: ConnectionHooks;
  private stopping = false;
  private tickedAt = 0;
  private emptied?: () => void;
  private timer?: NodeJS.Timeout | undefined;

  constructor(
    rpc: Rpc,
    private readonly attendance: Attendance,
    private readonly credentials: CredentialWatch,
    @Inject(SOCKET_OPTIONS) options: SocketOptions,
    metrics: Metrics,
  ) {
    this.limits = limitsOf(options);
    this.places = new OpenStreams(this.limits.perKey, this.limits.perTenant, TooManyConnections);
    metrics.gauge({ name: 'sockets_open', help: 'WebSocket connections that are open on this node.' }, (gauge) =>
      gauge.set(this.connections.size),
    );
    this.hooks = this.hooksWith(metrics, rpc);
  }

  /** Keeps a place for a connection of the caller. @throws NodeStopping, NodeFull, TooManyConnections */
  reserve(caller: Principal): () => void {
    if (this.stopping) throw new NodeStopping();
    if (this.places.size >= this.limits.connections) throw new NodeFull(this.limits.connections);
    return this.places.take(caller);
  }

  accept(ws: WebSocket, socket: Socket, peer: Peer, stillAllowed: () => Promise<void>): void {
    const unwatch = this.credentials.watch(peer.headers.authorization ?? '', stillAllowed, (reason) =>
      connection.close('credentials', reason.message),
    );
    const connection = new SocketConnection(ws, socket, peer, this.limits, {
      ...this.hooks,
      onClosed: (closed, reason) => {
        unwatch();
        this.hooks.onClosed(closed, reason);
      },
    });
    this.connections.add(connection);
    this.timer ??= this.startTicking();
    if (this.stopping) connection.leave('draining', new NodeStopping().message);
  }

  /** Before the server closes: what is under way is finished, and every client is told to come again. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    if (this.connections.size > 0) {
      for (const connection of this.connections) connection.leave('draining', new NodeStopping().message);
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, FAREWELL_MS);
        this.emptied = () => {
          clearTimeout(limit);
          resolve();
        };
      });
    }
    for (const connection of [...this.connections]) connection.terminate('draining');
    clearInterval(this.timer);
  }

  private startTicking(): NodeJS.Timeout {
    this.tickedAt = performance.now();
    return setInterval(() => this.tick(), this.tickMs).unref();
  }

  private get tickMs(): number {
    return Math.min(TICK_MS, this.limits.pingMs / 2);
  }

  private tick(): void {
    const now = performance.now();
    // A process that was held up has not read yet what clients sent meanwhile.
    const late = now - this.tickedAt > 2 * this.tickMs;
    this.tickedAt = now;
    if (late) return;
    for (const connection of [...this.connections]) connection.tick(now);
  }

  private hooksWith(metrics: Metrics, rpc: Rpc): ConnectionHooks {
    const messages = metrics.counter({
      name: 'socket_messages_total',
      help: 'Messages over WebSocket connections: in from clients, out to them.',
      labels: ['direction'],
    });
    const closed = metrics.counter({
      name: 'sockets_closed_total',
      help: 'WebSocket connections that ended, by why.',
      labels: ['reason'],
    });
    return {
      onMessage: (connection, bytes, binary) => {
        messages.inc({ direction: 'in' });
        return rpc.receive(connection, bytes, binary);
      },
      onSent: () => messages.inc({ direction: 'out' }),
      onPing: (connection) => this.attendance.beat(connection),
      onClosed: (connection, reason) => {
        this.connections.delete(connection);
        closed.inc({ reason });
        if (this.connections.size === 0) this.emptied?.();
      },
    };
  }
}
