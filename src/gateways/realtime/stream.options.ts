export interface StreamOptions {
  /** A stream on which nothing was sent for so long gets a comment, in ms; default 15,000. */
  heartbeatMs?: number;
  /** Streams that one key, or one actor of the identity provider, may have open on a node; default 1,000. */
  perKey?: number;
  /** The same for all keys of a tenant together; default 10,000. */
  perTenant?: number;
  /** Events that may wait for a slow consumer; default 20,000. */
  bufferEvents?: number;
  /** Their size in bytes; default 8 MiB. */
  bufferBytes?: number;
}

export const STREAM_OPTIONS = Symbol('stream options');

export const DEFAULT_HEARTBEAT_MS = 15_000;
export const DEFAULT_PER_KEY = 1_000;
export const DEFAULT_PER_TENANT = 10_000;
