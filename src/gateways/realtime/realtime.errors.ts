import { DomainError } from '../../shared/errors/index.js';

/** The key or the tenant has as many streams open on this node as it may. */
export class TooManyStreams extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_streams';
  override readonly retryAfterSeconds = 5;

  constructor(what: 'key' | 'tenant', limit: number) {
    super(`This ${what} has ${limit} streams open on this node, which is the limit; close one first.`, {
      limitedBy: what,
      limit,
    });
  }
}
