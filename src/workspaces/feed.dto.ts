import { MaxLength } from 'class-validator';
import { CloudEvent } from '../shared/events/index.js';
import { QueryInt, QueryList, Whole } from '../shared/http/index.js';

export class ReadFeed {
  /** The number of the last event that was read; from the oldest one kept when left out. */
  @QueryInt(0, Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Only events of these types, such as task.created. */
  @QueryList({ max: 50 })
  @MaxLength(100, { each: true })
  types?: string[];

  /** Events at most. */
  @QueryInt(1, 1_000, 100)
  limit: number;

  /** Seconds to wait for the first event where there is none yet. */
  @QueryInt(0, 30, 0)
  wait: number;
}

export class FeedPage {
  events: CloudEvent[];
  /** The `after` to read on from. */
  @Whole()
  next: number;
}
