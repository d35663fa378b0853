import { ArrayMaxSize, ArrayMinSize, IsArray, Matches, MaxLength } from 'class-validator';
import { TYPE_FILTER } from '../../../shared/events/index.js';
import { IsId, IsIds, IsWhole, NestedList, Omittable } from '../../../shared/http/index.js';

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
  @ArrayMaxSize(50)
  @MaxLength(100, { each: true })
  @Matches(TYPE_FILTER, { each: true, message: 'each of $property must be a type, such as task.created, or task.*' })
  @IsArray()
  types?: string[];

  /** Only what happened to these: ids of tasks, agents or workspaces. */
  @Omittable()
  @ArrayMaxSize(50)
  @IsIds()
  subjects?: string[];
}
