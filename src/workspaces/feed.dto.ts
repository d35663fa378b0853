import { CloudEvent, IsSubjectFilter, IsTypeFilter, MAX_FILTERS } from '../shared/events/index.js';
import { QueryInt, QueryList, Whole } from '../shared/http/index.js';

/** From where a feed is read, and which of its events. */
export class FeedQuery {
  /** The number of the last event that was read; from the oldest one kept when left out. */
  @QueryInt(0, Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Only events of these types, such as task.created, or task.* for all that begin so. */
  @QueryList({ max: MAX_FILTERS })
  @IsTypeFilter()
  types?: string[];

  /** Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind. */
  @QueryList({ max: MAX_FILTERS })
  @IsSubjectFilter()
  subjects?: string[];
}

export class ReadFeed extends FeedQuery {
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
