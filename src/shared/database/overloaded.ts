import { DomainError } from '../errors/index.js';

/** More is asked than the database or its connections keep up with. Nothing was done; the database itself is well. */
export class Overloaded extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'overloaded';
  override readonly retryAfterSeconds = 1;

  constructor(operation: string, reason: string, options?: { cause?: unknown }) {
    super(`${reason}; try again in a second.`, { operation }, options);
  }
}
