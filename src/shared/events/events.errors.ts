import { DomainError, InvalidTransaction } from '../errors/index.js';

/** An event was appended outside a transaction, where it could outlive or miss the change it tells of. */
export class EventOutsideTransaction extends InvalidTransaction {
  constructor(type: string) {
    super(`The event ${type} must be appended in the transaction of the change it tells of.`, { type });
  }
}

/**
 * Events after the cursor have been dropped by retention. `oldestSequence` is the first one kept; `oldestCursor` is the
 * value of `after` that reads on from it.
 */
export class CursorExpired extends DomainError {
  readonly kind = 'gone';
  readonly code = 'cursor_expired';

  constructor(
    readonly feedId: string,
    readonly after: number,
    readonly floor: number,
  ) {
    super(`Events up to ${floor} of this feed are no longer kept; read on with after=${floor}.`, {
      feedId,
      after,
      oldestCursor: floor,
      oldestSequence: floor + 1,
    });
  }
}

/**
 * The cursor names a place this feed has not reached: it was made up, or the database was restored from a backup and
 * what came after is lost. Waiting would skip whatever gets those numbers now, so the reader must start again, as with
 * a cursor that expired; hence the same kind.
 */
export class CursorAhead extends DomainError {
  readonly kind = 'gone';
  readonly code = 'cursor_ahead';

  constructor(feedId: string, after: number, floor: number, last: number) {
    super(`This feed ends at ${last}, before ${after}: the log was restored, or the cursor is not one of this feed.`, {
      feedId,
      after,
      oldestCursor: floor,
      lastSequence: last,
    });
  }
}

/** More waits for a consumer than is kept for it. What it has not taken is in the log: it reads on from its cursor. */
export class SlowConsumer extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'slow_consumer';

  constructor() {
    super('Events came faster than they were taken; read on from the cursor.');
  }
}

/** A newer opening of the named subscriber holds it now; this one is given nothing more, and its acknowledgements are refused. */
export class SubscriberTakenOver extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'subscriber_taken_over';

  constructor(name: string) {
    super(`The subscriber ${name} was opened again elsewhere; only the newest opening holds it.`, { subscriber: name });
  }
}

/** Nobody can have read what was not sent, or what the feed does not hold yet. */
export class AckAhead extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'ack_ahead';

  constructor(feedId: string, seq: number) {
    super(`Event ${seq} of this feed was not sent to this subscriber; it can be acknowledged when it was.`, {
      feedId,
      seq,
    });
  }
}

/** A named subscriber belongs to who made it; an admin may act for the owner. */
export class NotSubscriberOwner extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'not_subscriber_owner';

  constructor(name: string) {
    super(`The subscriber ${name} belongs to another actor of this tenant.`, { subscriber: name });
  }
}

export class TooManySubscribers extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_subscribers';

  constructor(limit: number) {
    super(`This tenant has ${limit} named subscribers, which is the limit; delete one first.`, { limit });
  }
}
