import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Rounds } from '../resilience/index.js';
import { EventLog } from './event-log.js';
import {
  DEFAULT_LEASE_MS,
  DEFAULT_SUBSCRIBER_EXPIRY_DAYS,
  EVENTS_OPTIONS,
  type EventsOptions,
} from './events.options.js';
import { EventsRepository } from './events.repository.js';
import { Leadership } from './leadership.js';
import { SubscribersRepository } from './subscribers.repository.js';

const TICK_MS = 10_000;
const PARTITIONS_EVERY_MS = 3_600_000;
/** After a lock that was not to be had: a long reader of the log is in the way. */
const PARTITIONS_RETRY_MS = 60_000;
const MONTHS_AHEAD = 2;
const MOVED_AT_ONCE = 100;
const EXPIRED_AT_ONCE = 1_000;

/** What one node does for the log: partitions ahead, retention, the outboxes of nodes that died, unused subscribers. */
@Injectable()
export class EventMaintenance implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('events');
  private partitionsAt = 0;
  private readonly rounds = new Rounds(
    () => this.look(),
    TICK_MS,
    (error) => this.logger.warn({ msg: 'the log could not be looked after', err: error }),
  );

  constructor(
    @Inject(EVENTS_OPTIONS) private readonly options: EventsOptions,
    private readonly events: EventsRepository,
    private readonly log: EventLog,
    private readonly leadership: Leadership,
    private readonly subscribers: SubscribersRepository,
  ) {}

  /** Every node makes partitions ahead when it starts: after a long stop there may be none for today. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.ensurePartitions();
    } catch (error) {
      // The log works for a long time without, and every round tries again.
      this.logger.warn({ msg: 'partitions could not be made', err: error });
    }
    if (this.options.background ?? true) this.rounds.begin(0);
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  async ensurePartitions(): Promise<void> {
    const made = await this.events.ensurePartitions(MONTHS_AHEAD);
    if (made.length > 0) this.logger.log({ msg: 'partitions made', partitions: made });
  }

  /** Drops the partitions that lie whole before the retention's limit, oldest first; none when events are kept for ever. */
  async retain(days = this.options.retentionDays ?? 0): Promise<string[]> {
    const dropped: string[] = [];
    if (days <= 0) return dropped;
    for (let name = await this.events.dropPartition(days); name; name = await this.events.dropPartition(days)) {
      this.logger.log({ msg: 'partition dropped', partition: name });
      dropped.push(name);
    }
    return dropped;
  }

  /** Deletes named subscribers that nobody held or acknowledged by for so long; answers how many. */
  async expireSubscribers(days = this.options.subscriberExpiryDays ?? DEFAULT_SUBSCRIBER_EXPIRY_DAYS): Promise<number> {
    let deleted = 0;
    if (days <= 0) return deleted;
    for (const { tenantId, name } of await this.subscribers.unused(days, EXPIRED_AT_ONCE)) {
      if (!(await this.subscribers.delete(tenantId, name, days))) continue;
      this.logger.log({ msg: 'an unused subscriber was deleted', tenantId, subscriber: name });
      deleted++;
    }
    return deleted;
  }

  private async look(): Promise<void> {
    if (!(await this.leadership.hold('event-maintenance', this.options.leaseMs ?? DEFAULT_LEASE_MS))) return;
    while ((await this.log.moveLeft(MOVED_AT_ONCE)) === MOVED_AT_ONCE && !this.rounds.isStopped);
    if (performance.now() < this.partitionsAt) return;
    this.partitionsAt = performance.now() + PARTITIONS_RETRY_MS;
    await this.ensurePartitions();
    await this.retain();
    await this.expireSubscribers();
    this.partitionsAt = performance.now() + PARTITIONS_EVERY_MS;
  }
}
