import { ArrayMaxSize, ArrayMinSize } from 'class-validator';
import { MAX_SUBSCRIBER_FEEDS, type Subscriber } from '../../shared/events/index.js';
import { IsId, IsWhole, NestedList, Omittable, type Page, Whole } from '../../shared/http/index.js';

export class AcknowledgedFeed {
  /** The workspace whose feed it is; the tenant's own when left out. */
  @Omittable()
  @IsId()
  workspaceId?: string;

  /** The number of the event up to which all were dealt with. */
  @IsWhole(0, Number.MAX_SAFE_INTEGER)
  seq: number;
}

export class Acknowledge {
  /** All of them count, or none. */
  @NestedList(() => AcknowledgedFeed)
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_SUBSCRIBER_FEEDS)
  feeds: AcknowledgedFeed[];

  /** Of the opening that the events came by; 409 `subscriber_taken_over` when there is a newer one. */
  @Omittable()
  @IsWhole(0, Number.MAX_SAFE_INTEGER)
  epoch?: number;
}

export class Acknowledged {
  /** Up to where the feeds are acknowledged now, which may be further than was said. */
  feeds: AcknowledgedFeed[];
}

export class FollowedFeed {
  /** Left out for the feed of the tenant. */
  workspaceId?: string;
  /** Up to here the events are acknowledged. */
  @Whole()
  acknowledged: number;
  /** Last number of the feed. */
  @Whole()
  last: number;
  /** Events that are not acknowledged, those that the filter leaves out included. */
  @Whole()
  lag: number;
}

/** A named subscriber as callers see it. */
export class SubscriberView {
  name: string;
  /** The actor who made it. */
  owner: string;
  feeds: FollowedFeed[];
  /** As given with the newest opening; all types when empty. */
  types: string[];
  /** The same. */
  subjects: string[];
  /** Of the newest opening. */
  @Whole()
  epoch: number;
  createdAt: Date;
  /** The last opening or acknowledgement; at most an hour old while it is open. */
  updatedAt: Date;

  static of(tenantId: string, { feeds, ...subscriber }: Subscriber): SubscriberView {
    return {
      ...subscriber,
      feeds: feeds.map(({ feedId, seq, last }) => ({
        ...(feedId !== tenantId && { workspaceId: feedId }),
        acknowledged: seq,
        last,
        lag: Math.max(0, last - seq),
      })),
    };
  }
}

export class SubscriberPage implements Page<SubscriberView> {
  items: SubscriberView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}
