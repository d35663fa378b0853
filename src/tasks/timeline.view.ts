import { type CloudEvent } from '../shared/events/index.js';
import { type AttemptView } from './task.view.js';

export class TimelineView {
  /** Its events in order. A page may have none and yet be followed by others: so much of the feed has been looked through. */
  items: CloudEvent[];
  /** Every attempt, oldest first; the running one last. On each page. */
  attempts: AttemptView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}
