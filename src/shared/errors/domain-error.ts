/** What went wrong, independent of any protocol. Each protocol has one table from kind to its own status. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'stale'
  | 'too_large'
  | 'unprocessable'
  | 'precondition_required'
  | 'locked'
  | 'too_many'
  | 'internal'
  | 'unavailable';

/** A value that JSON can carry. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/**
 * A refusal that a caller can act on. `code` is stable and part of the public interface; `details` become members of
 * the problem document, so they hold only what the caller may see.
 */
export abstract class DomainError extends Error {
  abstract readonly kind: ErrorKind;
  abstract readonly code: string;
  /** Seconds after which a repeat makes sense, where that is known. */
  readonly retryAfterSeconds?: number;

  constructor(
    message: string,
    readonly details: Readonly<JsonObject> = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}
