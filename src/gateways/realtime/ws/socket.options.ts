/** Settings of WebSocket connections. */
export interface SocketOptions {
  /** Connections of this node at most; default 20,000. */
  connections?: number;
  /** Connections that one key, or one actor of the identity provider, may have open on a node; default 1,000. */
  perKey?: number;
  /** The same for all keys of a tenant together; default 10,000. */
  perTenant?: number;
  /** Largest message, before and after decompression, in bytes; default 1 MiB. */
  messageBytes?: number;
  /** How often the client is asked for a sign of life, in ms; without one for twice as long it is gone. Default 30,000. */
  pingMs?: number;
  /** A connection that follows nothing, attends no agent and asks nothing for so long is closed, in ms; default 120,000. */
  idleMs?: number;
  /** After which a connection is closed with a hint to come again, in ms; default 12 hours. */
  maxAgeMs?: number;
  /** A connection that takes nothing for so long is given up, in ms; default 30,000. */
  stalledMs?: number;
  /** Requests of one connection that may be under way; default 256. */
  inFlight?: number;
  /** Requests of one batch; default 100. */
  batch?: number;
  /** Subscriptions of one connection; default 100. */
  subscriptions?: number;
  /** How often progress is told of a request that waits and asked for it, in ms; default 5,000. */
  progressMs?: number;
  /** Whether messages may be compressed by permessage-deflate; not unless given, as it takes 100 KiB a connection. */
  compression?: boolean;
  /** Origins whose pages may connect, besides the server's own, or `*`; none when left out. */
  origins?: readonly string[];
  /** Events that may wait for a consumer that is too slow; default 20,000. */
  bufferEvents?: number;
  /** Their size in bytes; default 8 MiB. */
  bufferBytes?: number;
}

export const SOCKET_OPTIONS = Symbol('socket options');

export type SocketLimits = Required<Omit<SocketOptions, 'bufferEvents' | 'bufferBytes'>> &
  Pick<SocketOptions, 'bufferEvents' | 'bufferBytes'>;

const MINUTE = 60_000;

const DEFAULTS: SocketLimits = {
  connections: 20_000,
  perKey: 1_000,
  perTenant: 10_000,
  messageBytes: 1024 * 1024,
  pingMs: 30_000,
  idleMs: 2 * MINUTE,
  maxAgeMs: 12 * 60 * MINUTE,
  stalledMs: 30_000,
  inFlight: 256,
  batch: 100,
  subscriptions: 100,
  progressMs: 5_000,
  compression: false,
  origins: [],
};

/** The options with their defaults. */
export function limitsOf(options: SocketOptions): SocketLimits {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) };
}
