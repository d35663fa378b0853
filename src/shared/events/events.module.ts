import { type DynamicModule, Module } from '@nestjs/common';
import { given, type OptionsSource } from '../options/index.js';
import { ChangeNotices } from './change-notices.js';
import { ChangeNoticesRepository } from './change-notices.repository.js';
import { ConsumerParts, Consumers } from './consumers.js';
import { ConsumersRepository } from './consumers.repository.js';
import { EventLog } from './event-log.js';
import { EventMaintenance } from './event-maintenance.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { EventsRepository } from './events.repository.js';
import { FeedsRepository } from './feeds.repository.js';
import { HeldSubscribers } from './held-subscribers.js';
import { LeadersRepository } from './leaders.repository.js';
import { Leadership } from './leadership.js';
import { LiveFeeds } from './live-feeds.js';
import { LiveReads } from './live-reads.js';
import { SafetyPoll } from './safety-poll.js';
import { Subscribers } from './subscribers.js';
import { SubscribersRepository } from './subscribers.repository.js';
import { Wakeups } from './wakeups.js';

/** The event log, its wake-ups and consumers, and leadership. Global; asks for the database and the metrics. */
@Module({})
export class EventsModule {
  static forRoot(options: EventsOptions): DynamicModule {
    return EventsModule.forRootAsync(given(options));
  }

  static forRootAsync(source: OptionsSource<EventsOptions>): DynamicModule {
    const repositories = [
      ChangeNoticesRepository,
      EventsRepository,
      FeedsRepository,
      ConsumersRepository,
      SubscribersRepository,
      LeadersRepository,
    ];
    const internal = [SafetyPoll, ConsumerParts, LiveReads, HeldSubscribers];
    const shared = [EventLog, LiveFeeds, Subscribers, Wakeups, Leadership, Consumers, ChangeNotices, EventMaintenance];
    return {
      module: EventsModule,
      global: true,
      providers: [{ provide: EVENTS_OPTIONS, ...source }, ...repositories, ...internal, ...shared],
      exports: shared,
    };
  }
}
