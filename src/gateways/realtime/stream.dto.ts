import { IsSubscriberName } from '../../shared/events/index.js';
import { Omittable } from '../../shared/http/index.js';
import { FeedQuery } from '../../workspaces/index.js';

export class StreamQuery extends FeedQuery {
  /**
   * Opens the subscriber of this name, and makes it where there is none: the stream begins after what was acknowledged,
   * whatever `after` and `Last-Event-ID` say. `after` is where a new one begins. An older stream of it ends.
   */
  @Omittable()
  @IsSubscriberName()
  subscriber?: string;
}
