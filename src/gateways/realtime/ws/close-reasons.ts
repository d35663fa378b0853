/**
 * Why a connection ended, which is also the label of its metric; with the close code of those that this side ends by the
 * closing handshake. 1000 to 1015 are RFC 6455's; from 4400 on they follow the statuses of HTTP.
 */
export const CLOSE_CODES = {
  /** The node stops: come again, to another node or to this one after its restart. */
  draining: 1012,
  /** The credentials were revoked or have expired. */
  credentials: 4401,
  /** Nothing was asked, followed or attended for too long. */
  idle: 4408,
  /** Open for as long as a connection may be: come again. */
  max_age: 4409,
  /** Events came faster than they were taken: follow on from the cursors of the `resync` before. */
  slow_consumer: 4429,
} as const;

export type CloseReason =
  | keyof typeof CLOSE_CODES
  /** The client ended it, or its network did. */
  | 'left'
  /** Took nothing of what was sent, or gave no sign of life, so there is nobody to say goodbye to. */
  | 'stalled'
  | 'no_pong'
  /** A message above the limit (1009). */
  | 'too_large'
  /** No WebSocket frames, or text that is not UTF-8 (1002, 1007, 1008). */
  | 'malformed';
