export { type ConsumerOptions } from './consumer-runner.js';
export { Consumers } from './consumers.js';
export type { ParkedEvent, ParkedKey } from './consumers.repository.js';
export * from './catalogue.js';
export { type Announced, ChangeNotices } from './change-notices.js';
export * from './cloud-event.dto.js';
export { type LoggedEvent, type NewEvent } from './event.js';
export { EventFilter, type FilterOptions } from './event-filter.js';
export { EventLog, type EventPage, type ReadOptions } from './event-log.js';
export { EventMaintenance } from './event-maintenance.js';
export * from './events.errors.js';
export { EventsModule } from './events.module.js';
export type { EventsOptions } from './events.options.js';
export { IsSubjectFilter, IsSubscriberName, IsTypeFilter, MAX_FILTERS } from './filter-fields.js';
export { Leadership } from './leadership.js';
export { DEFAULT_BUFFER, LiveFeeds, type SubscribeOptions } from './live-feeds.js';
export {
  type Acknowledgement,
  MAX_SUBSCRIBER_FEEDS,
  type OpenedSubscriber,
  type OpenSubscriber,
  SUBSCRIBER_NAME,
  SUBSCRIBER_NAME_RULE,
  Subscribers,
} from './subscribers.js';
export type { Subscriber, SubscriberFeed } from './subscribers.repository.js';
export type { BufferLimits, FeedCursor, Subscription } from './subscription.js';
export { Wakeups } from './wakeups.js';
export type { Watch } from './watch.js';
export type { WireEvent } from './wire-event.js';
