import { Matches } from 'class-validator';
import { SUBSCRIBER_NAME, SUBSCRIBER_NAME_RULE } from '../../shared/events/index.js';
import { Omittable } from '../../shared/http/index.js';
import { FeedQuery } from '../../workspaces/index.js';

export class StreamQuery extends FeedQuery {
  /**
   * Opens the subscriber of this name, and makes it where there is none: the stream begins after what was acknowledged,
   * whatever `after` and `Last-Event-ID` say. `after` is where a new one begins. An older stream of it ends.
   */
  @Omittable()
  @Matches(SUBSCRIBER_NAME, { message: `$property must be ${SUBSCRIBER_NAME_RULE}` })
  subscriber?: string;
}
