import { IsRfc3339, Omittable, type Page, PageQuery, QueryList, Whole } from '../shared/http/index.js';
import { type DeliveryAttempt, type Delivery, DELIVERY_STATUSES, type DeliveryStatus } from './delivery.entity.js';

export class ListDeliveries extends PageQuery {
  /** Any of these. */
  @QueryList({ of: DELIVERY_STATUSES })
  status?: DeliveryStatus[];
}

export class RedriveDead {
  /** Only what was recorded since. */
  @Omittable()
  @IsRfc3339()
  since?: Date;
}

export class Redriven {
  /** How many deliveries are pending again. */
  @Whole()
  redriven: number;
  /** Whether there are more of them: ask again. */
  hasMore: boolean;
}

export class DeliveryAttemptView implements DeliveryAttempt {
  at: string;
  /** Milliseconds. */
  @Whole()
  durationMs: number;
  /** Of the answer; null when there was none. */
  @Whole({ minimum: 100, maximum: 999 })
  status: number | null;
  /** Why it counts as failed; null when it does not. */
  error: string | null;
  /** The first KiB of the answer. */
  response: string | null;
}

/** One event on its way to an endpoint, or what became of it. */
export class DeliveryView {
  id: string;
  webhookId: string;
  /** The `webhook-id` of the requests. */
  eventId: string;
  type: string;
  occurredAt: Date;
  /** `dead`: every attempt failed; it stays until it is redriven. */
  status: DeliveryStatus;
  /** Since it was recorded, or redriven. */
  @Whole()
  attempts: number;
  /** When it is tried next; null when it has ended. */
  dueAt: Date | null;
  createdAt: Date;
  endedAt: Date | null;
  /** The newest twenty attempts, oldest first. */
  history: DeliveryAttemptView[];

  static of(delivery: Delivery): DeliveryView {
    const { id, webhookId, eventId, type, occurredAt, status, attempts, createdAt, endedAt, history } = delivery;
    const dueAt = status === 'pending' ? delivery.dueAt : null;
    return { id, webhookId, eventId, type, occurredAt, status, attempts, dueAt, createdAt, endedAt, history };
  }
}

export class DeliveryPage implements Page<DeliveryView> {
  items: DeliveryView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}

/** What came of a test. */
export class TestResult extends DeliveryAttemptView {
  delivered: boolean;
}
