import type { FeedPlace } from './feeds.repository.js';

/** Where the consumer is in a feed, on the node that holds it. */
export interface Place {
  readonly tenantId: string;
  readonly feedId: string;
  /** As in the database, and as far as it is known that there is nothing for this consumer. */
  stored: number;
  seen: number;
  /** Last number of the feed that was heard of. */
  last: number;
  /** From when on events matter, once the place was moved there; in ms since 1970. */
  since?: number;
  /** Up to here events are handled one by one, because a batch failed. */
  soloUntil: number;
  attempts: number;
  retry?: NodeJS.Timeout;
}

export const newPlace = ({ tenantId, feedId, seq }: FeedPlace): Place => ({
  tenantId,
  feedId,
  stored: seq,
  seen: seq,
  last: seq,
  soloUntil: 0,
  attempts: 0,
});
