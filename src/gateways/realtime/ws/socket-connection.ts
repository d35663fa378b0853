import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Principal } from '../../../shared/auth/index.js';
import type { JsonObject } from '../../../shared/errors/index.js';
import { NodeStopping } from '../../../shared/http/index.js';
import { CLOSE_CODES, type CloseReason } from './close-reasons.js';
import type { Encoding } from './encodings.js';
import type { FeedPump } from './feed-pump.js';
import type { CallOrigin } from './rest-calls.js';
import type { RpcId } from './rpc-request.js';
import type { SocketLimits } from './socket.options.js';
import { Turns } from './turns.js';
import { IdInUse, TooManyInFlight } from './ws.errors.js';

/** Who connects, and how, as the handshake found. */
export interface Peer {
  /** The handshake's request id, with which those of its calls begin. */
  id: string;
  caller: Principal;
  address: string;
  /** What each call brings along: credentials and the client's name. */
  headers: Record<string, string>;
  encoding: Encoding;
}

export interface ConnectionHooks {
  /** Settles when the message was answered; never fails. */
  onMessage: (connection: SocketConnection, bytes: Buffer, binary: boolean) => Promise<void>;
  onSent: () => void;
  /** Called whenever a sign of life is asked for. */
  onPing: (connection: SocketConnection) => void;
  onClosed: (connection: SocketConnection, reason: CloseReason) => void;
}

/** With more than this on its way, events wait in their subscriptions. */
const FULL_BYTES = 64 * 1024;
/** With more than this, nothing more is read of what the client asks. */
const PAUSE_BYTES = 256 * 1024;
/** Reads that are under way at once; their answers can be large. */
const READS_ABREAST = 16;
/** Clients that are sent away come back at times of their own, not all at once. */
const COME_BACK_MS = 3_000;

/** One request that is under way. */
interface Call extends Disposable {
  origin: CallOrigin;
}

/** As far as the system tells: what it has taken of a write that is still under way. */
type Handled = Socket & { _handle?: { writeQueueSize: number } | null };

/** One open connection: what is sent, what is under way, and how it ends. */
export class SocketConnection {
  readonly pumps = new Map<string, FeedPump>();
  /** Agents that are there as long as this connection is. */
  readonly agents = new Set<string>();
  private readonly waiting = new Map<RpcId, AbortController>();
  private readonly reads = new Turns(READS_ABREAST);
  private readonly isPlain = this.ws.extensions === '';
  private readonly openedAt = performance.now();
  /** Messages that are still to be answered. */
  private unanswered = 0;
  private calls = 0;
  private subscribed = 0;
  private heardAt = this.openedAt;
  private askedAt = this.openedAt;
  private pingedAt = this.openedAt;
  private taken = 0;
  private takenAt = this.openedAt;
  private reason?: CloseReason;
  private leaving?: () => void;
  private room?: { promise: Promise<void>; give: () => void };

  constructor(
    private readonly ws: WebSocket,
    private readonly socket: Socket,
    readonly peer: Peer,
    private readonly limits: SocketLimits,
    private readonly hooks: ConnectionHooks,
  ) {
    ws.on('message', (bytes: Buffer, binary: boolean) => this.heard(bytes, binary));
    ws.on('pong', () => (this.heardAt = performance.now()));
    ws.on('error', (error: NodeJS.ErrnoException) => (this.reason ??= reasonOf(error)));
    ws.once('close', () => this.closed());
    socket.on('drain', () => this.drained());
  }

  get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  get encoding(): Encoding {
    return this.peer.encoding;
  }

  /** An id that no other call of any connection has. */
  nextCallId(): string {
    return `${this.peer.id}.${++this.calls}`;
  }

  /** Short, so that most connections get the same bytes. */
  nextSubscriptionId(): string {
    return String(++this.subscribed);
  }

  /** Begins a request; it ends when it is disposed of. @throws IdInUse, TooManyInFlight, NodeStopping */
  begin(id: RpcId | undefined): Call {
    if (this.leaving) throw new NodeStopping();
    if (this.waiting.size >= this.limits.inFlight) throw new TooManyInFlight(this.limits.inFlight);
    if (id != null && this.waiting.has(id)) throw new IdInUse(id);
    // One that nobody can name ends with the connection as well.
    const key = id ?? this.nextCallId();
    const gone = new AbortController();
    this.waiting.set(key, gone);
    const { address, headers } = this.peer;
    return {
      origin: { address, headers: { ...headers, 'x-request-id': this.nextCallId() }, signal: gone.signal },
      [Symbol.dispose]: () => void this.waiting.delete(key),
    };
  }

  /** Ends the waiting of a request, which then is answered with what there is. False when there is none with this id. */
  cancel(id: RpcId): boolean {
    const gone = this.waiting.get(id);
    gone?.abort();
    return gone !== undefined;
  }

  send(bytes: Buffer): void {
    if (!this.isOpen) return;
    this.gather();
    this.ws.send(bytes, { binary: this.encoding.binary });
    this.hooks.onSent();
    if (this.ws.bufferedAmount > PAUSE_BYTES) this.ws.pause();
  }

  /** Sends what is framed already, for all connections that get the same. */
  sendFrame(frame: Buffer, payload: Buffer): void {
    if (!this.isOpen) return;
    // With an extension, frames before this one may still be on their way to the socket.
    if (this.isPlain) this.socket.write(frame);
    else this.ws.send(payload, { binary: this.encoding.binary, compress: false });
    this.hooks.onSent();
  }

  notify(method: string, params: JsonObject): void {
    this.send(this.encoding.encode({ jsonrpc: '2.0', method, params }));
  }

  /** Something to wait for while too much is on its way. */
  whenRoom(): Promise<void> | undefined {
    if (!this.isOpen || this.ws.bufferedAmount < FULL_BYTES) return undefined;
    if (!this.room) {
      let give = (): void => undefined;
      const promise = new Promise<void>((resolve) => (give = resolve));
      this.room = { promise, give };
    }
    return this.room.promise;
  }

  /**
   * The turn of a read, which ends when it is disposed of: not many at once, and none while too much is on its way, so that
   * the answers for a client that does not take them stay few. @throws NodeStopping when nobody waits any more
   */
  async turnToRead(): Promise<Disposable> {
    const turn = await this.reads.take();
    for (let room = this.whenRoom(); room; room = this.whenRoom()) await room;
    if (this.isOpen) return turn;
    turn[Symbol.dispose]();
    throw new NodeStopping();
  }

  close(reason: keyof typeof CLOSE_CODES, text: string): void {
    this.reason ??= reason;
    this.ws.close(CLOSE_CODES[reason], text);
  }

  /** For a client that would not hear a goodbye. */
  terminate(reason: CloseReason): void {
    this.reason ??= reason;
    this.ws.terminate();
  }

  /** Takes nothing new, lets what is under way end, and closes. */
  leave(reason: 'draining' | 'max_age', text: string): void {
    if (this.leaving) return;
    this.leaving = () => {
      this.notify('reconnect', { afterMs: Math.round(Math.random() * COME_BACK_MS), code: reason, detail: text });
      this.close(reason, text);
    };
    for (const gone of this.waiting.values()) gone.abort();
    if (this.unanswered === 0) this.leaving();
  }

  /** Called every second or so. */
  tick(now: number): void {
    const { pingMs, idleMs, maxAgeMs, stalledMs } = this.limits;
    if (this.ws.bufferedAmount < FULL_BYTES) this.drained();
    const taken = this.takenBytes;
    if (taken !== this.taken || this.ws.bufferedAmount === 0) this.takenAt = now;
    this.taken = taken;
    if (now - this.takenAt > stalledMs) return this.terminate('stalled');
    if (!this.ws.isPaused && now - this.heardAt > 2 * pingMs) return this.terminate('no_pong');
    if (now - this.pingedAt >= pingMs) this.ping(now);
    if (this.isIdle && now - this.askedAt > idleMs) this.close('idle', 'Nothing was asked for or followed.');
    if (now - this.openedAt > maxAgeMs) this.leave('max_age', 'The connection is as old as one may get.');
  }

  /** Node writes what has gathered at once and counts it when all of it is taken, which may be long for a slow client. */
  private get takenBytes(): number {
    const { bytesWritten, writableLength, _handle } = this.socket as Handled;
    return bytesWritten - writableLength - (_handle?.writeQueueSize ?? 0);
  }

  private get isIdle(): boolean {
    return this.unanswered === 0 && this.pumps.size === 0 && this.agents.size === 0;
  }

  private ping(now: number): void {
    this.pingedAt = now;
    if (!this.isOpen) return;
    this.ws.ping();
    for (const pump of this.pumps.values()) pump.tellCursors();
    this.hooks.onPing(this);
  }

  /** Answers of one turn of the event loop are given to the system together. Events are single writes already. */
  private gather(): void {
    if (this.socket.writableCorked > 0) return;
    this.socket.cork();
    process.nextTick(() => this.socket.uncork());
  }

  private heard(bytes: Buffer, binary: boolean): void {
    this.heardAt = performance.now();
    this.unanswered++;
    void this.hooks.onMessage(this, bytes, binary).then(() => {
      this.unanswered--;
      this.askedAt = performance.now();
      if (this.unanswered === 0) this.leaving?.();
    });
  }

  private drained(): void {
    if (this.ws.isPaused) {
      this.ws.resume();
      // What it said meanwhile is still to be read.
      this.heardAt = performance.now();
    }
    this.room?.give();
    this.room = undefined;
  }

  private closed(): void {
    for (const gone of this.waiting.values()) gone.abort();
    for (const pump of this.pumps.values()) pump.close();
    this.drained();
    this.hooks.onClosed(this, this.reason ?? 'left');
  }
}

/** Errors of the library have a code; others are the network's. */
function reasonOf({ code = '' }: NodeJS.ErrnoException): CloseReason {
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'too_large';
  return code.startsWith('WS_ERR') ? 'malformed' : 'left';
}
