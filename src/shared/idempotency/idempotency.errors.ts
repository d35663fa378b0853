import { DomainError } from '../errors/index.js';

export class IdempotencyKeyReused extends DomainError {
  readonly kind = 'unprocessable';
  readonly code = 'idempotency_key_reused';

  constructor(key: string) {
    super('This Idempotency-Key was used for another request; choose a new one.', { key });
  }
}

/** The first request with this key still runs; nothing was done. */
export class IdempotencyInProgress extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'idempotency_in_progress';
  override readonly retryAfterSeconds = 1;

  constructor(key: string) {
    super('The first request with this Idempotency-Key is still running; repeat this one in a second.', { key });
  }
}

/** The answer could not be given a second time, so the change was undone. */
export class AnswerTooLarge extends DomainError {
  readonly kind = 'too_large';
  readonly code = 'idempotent_answer_too_large';

  constructor(bytes: number, limit: number) {
    super(
      `The answer has ${bytes} bytes and only ${limit} are kept for repeats. Nothing was changed; send smaller parts, or no Idempotency-Key.`,
      { bytes, limit },
    );
  }
}
