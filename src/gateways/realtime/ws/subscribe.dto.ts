import { ArrayMaxSize, ArrayMinSize } from 'class-validator';
import { IsSubjectFilter, IsSubscriberName, IsTypeFilter } from '../../../shared/events/index.js';
import { IsId, IsWhole, NestedList, Omittable } from '../../../shared/http/index.js';

/** A place in a feed. */
export class FeedPlace {
  /** The workspace whose feed it is; the tenant's own feed when left out. */
  @Omittable()
  @IsId()
  workspaceId?: string;

  /** The number of the last event that was read; from the oldest one kept when left out. */
  @Omittable()
  @IsWhole(0, Number.MAX_SAFE_INTEGER)
  after?: number;
}

export class SubscribeParams {
  /** Feeds to follow, each from its cursor. */
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @NestedList(() => FeedPlace)
  feeds: FeedPlace[];

  /** Only events of these types, such as task.created, or task.* for all that begin so. */
  @Omittable()
  @IsTypeFilter()
  types?: string[];

  /** Only what happened to these: ids of tasks, agents or workspaces, alone or as task/<id>, or task/* for all of a kind. */
  @Omittable()
  @IsSubjectFilter()
  subjects?: string[];

  /**
   * Opens the subscriber of this name, and makes it where there is none: feeds that it knows begin after what was
   * acknowledged, whatever `after` says. An older opening of it ends.
   */
  @Omittable()
  @IsSubscriberName()
  subscriber?: string;
}
