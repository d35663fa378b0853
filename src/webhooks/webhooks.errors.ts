import { DomainError } from '../shared/errors/index.js';
import type { Delivery } from './delivery.entity.js';

/** Only what has ended can be sent again. */
export class DeliveryPending extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'delivery_pending';

  constructor({ id, dueAt }: Delivery) {
    super(`The delivery ${id} has not ended; it is tried again by itself.`, {
      deliveryId: id,
      dueAt: dueAt.toISOString(),
    });
  }
}

export class TooManyWebhooks extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_webhooks';

  constructor(limit: number) {
    super(`This tenant has ${limit} webhooks, which is the limit; delete one first.`, { limit });
  }
}

/** How a request to an endpoint failed. The words stand in the log of deliveries, not in an answer. */
export class SendingFailed extends Error {
  constructor(
    /** Stable: `timeout`, `address_refused`, `redirect_refused`, `connection_failed`, `secret_unreadable`, `answered_500` … */
    readonly reason: string,
    message: string,
    /** Whether it says that the host is not working, which its breaker counts. */
    readonly hostFailed: boolean,
    readonly answer?: SentAnswer,
  ) {
    super(message);
    this.name = 'SendingFailed';
  }
}

/** What came back. */
export interface SentAnswer {
  status: number;
  /** The beginning of it. */
  excerpt: string;
  /** Seconds after which the endpoint wants to be asked again, if it says. */
  retryAfter?: number;
}

/** Test deliveries wait for endpoints that may be slow, and pass by the limits of other deliveries. */
export class TooManyTests extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_tests';
  override readonly retryAfterSeconds = 1;

  constructor(limit: number) {
    super(`${limit} test deliveries of this tenant are under way on this node; wait for one to end.`, { limit });
  }
}
