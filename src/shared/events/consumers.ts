import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Transactions } from '../database/index.js';
import { Conflict, NotFound } from '../errors/index.js';
import { Metrics } from '../metrics/index.js';
import { type ConsumerOptions, ConsumerRunner, describe, type RunnerParts } from './consumer-runner.js';
import { ConsumersRepository, type ParkedEvent, type ParkedKey } from './consumers.repository.js';
import { EventLog } from './event-log.js';
import { DEFAULT_LEASE_MS, EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { type FeedPlace, FeedsRepository } from './feeds.repository.js';
import { Leadership } from './leadership.js';
import { Wakeups } from './wakeups.js';

const TICK_MS = 1_000;
/** Ticks between two looks for lost wake-ups while only consumers of few tenants are held: an idle node asks little. */
const TICKS_OF_FEW = 10;
/** Feeds looked at in a tick, for all consumers together; more feeds than that are looked at in turn. */
const FEEDS_PER_TICK = 1_000;

/** What the consumers are made of. */
@Injectable()
export class ConsumerParts {
  constructor(
    readonly transactions: Transactions,
    readonly log: EventLog,
    readonly repository: ConsumersRepository,
    readonly leadership: Leadership,
    readonly feeds: FeedsRepository,
  ) {}
}

/**
 * Durable readers of the log. A consumer reads every feed of every tenant from its stored cursor, on one node at a
 * time; its handler and the cursor commit together. Another node takes it over when the lease of the first has ended.
 */
@Injectable()
export class Consumers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('consumers');
  private readonly runners = new Map<string, ConsumerRunner>();
  private readonly runnerParts: RunnerParts;
  private sweptTo?: FeedPlace;
  private sweepRecent = false;
  private ticks = 0;
  private timer?: NodeJS.Timeout;
  private ticking?: Promise<void>;
  private stopped = false;

  constructor(
    private readonly parts: ConsumerParts,
    wakeups: Wakeups,
    @Inject(EVENTS_OPTIONS) private readonly options: EventsOptions,
    metrics: Metrics,
  ) {
    const counter = metrics.counter({
      name: 'consumer_events_total',
      help: 'Events of durable consumers: handled, failed (to be tried again) or parked.',
      labels: ['consumer', 'outcome'],
    });
    metrics.gauge(
      { name: 'consumer_lag_events', help: 'Events a consumer held here has not seen.', labels: ['consumer'] },
      (gauge) => {
        gauge.reset();
        for (const { name, holding, lag } of this.runners.values()) if (holding) gauge.set({ consumer: name }, lag);
      },
    );
    const count: RunnerParts['count'] = (consumer, outcome, events) => counter.inc({ consumer, outcome }, events);
    this.runnerParts = { ...parts, leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS, count };
    wakeups.onWake((tenantId, feedIds) => this.notice(tenantId, feedIds));
    wakeups.onReconnect(() => {
      this.sweptTo = undefined;
      this.ticks = -1;
    });
  }

  /** Declares a consumer; belongs in a module's `onModuleInit`. @throws TypeError when the name is taken */
  consumer(name: string, options: ConsumerOptions): void {
    if (this.runners.has(name)) throw new TypeError(`The consumer ${name} is declared twice.`);
    this.runners.set(name, new ConsumerRunner(name, options, this.runnerParts));
  }

  /** Events that consumers went past because they could not handle them, in order of consumer, feed and number. */
  listParked(tenantId: string, page: { after?: ParkedKey; limit?: number } = {}): Promise<ParkedEvent[]> {
    return this.parts.repository.parked(tenantId, page.after, Math.min(Math.max(1, page.limit ?? 100), 1_000));
  }

  /**
   * Hands a parked event to its consumer again, now and out of order. It leaves the list in the transaction of the
   * handler; when that fails, the error is noted there and thrown.
   *
   * @throws NotFound when the consumer or the parked event does not exist
   * @throws Conflict (`events_expired`) for what retention has dropped
   */
  async redrive(tenantId: string, key: ParkedKey): Promise<void> {
    const runner = this.runners.get(key.consumer);
    if (!runner) throw new NotFound('consumer', key.consumer);
    try {
      await this.parts.transactions.run({ propagation: 'requires_new' }, async () => {
        const { event } = await this.unpark(tenantId, key);
        if (!event)
          throw new Conflict('events_expired', 'These events are no longer kept; discard the entry.', { ...key });
        await runner.options.handler(event);
      });
    } catch (error) {
      await this.parts.repository.failedAgain(tenantId, key, describe(error));
      throw error;
    }
  }

  /** Removes a parked event without handling it. @throws NotFound */
  async discard(tenantId: string, key: ParkedKey): Promise<void> {
    await this.unpark(tenantId, key);
  }

  onApplicationBootstrap(): void {
    if (this.options.background ?? true) this.schedule(0);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.ticking;
    const ends = await Promise.allSettled([...this.runners.values()].map((runner) => runner.stop()));
    for (const end of ends) {
      if (end.status === 'rejected')
        this.logger.warn({ msg: 'a consumer was not given back', err: end.reason as unknown });
    }
  }

  private async unpark(tenantId: string, key: ParkedKey): Promise<ParkedEvent> {
    const parked = await this.parts.repository.unpark(tenantId, key);
    if (!parked) throw new NotFound('parked event', `${key.feedId}:${key.seq}`);
    return parked;
  }

  private notice(tenantId: string, feedIds: readonly string[]): void {
    for (const runner of this.runners.values()) for (const feedId of feedIds) runner.notice(tenantId, feedId);
  }

  private schedule(ms: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.ticking = this.tick().finally(() => this.schedule(TICK_MS));
    }, ms).unref();
  }

  private async tick(): Promise<void> {
    try {
      for (const runner of this.runners.values()) {
        if (await runner.keep()) this.startSweep();
      }
      const held = [...this.runners.values()].filter((runner) => runner.holding);
      const ofFew = held.every(({ options }) => options.since);
      if (held.length > 0 && !(ofFew && this.sweepRecent && ++this.ticks % TICKS_OF_FEW)) await this.sweep();
    } catch (error) {
      this.logger.warn({ msg: 'consumers could not be looked after', err: error });
    }
  }

  /** A consumer that was just taken over may lag by any time, so the first round looks at all events. */
  private startSweep(): void {
    this.sweptTo = undefined;
    this.sweepRecent = false;
  }

  /** Finds feeds with news whose wake-up was lost, and feeds that are new. */
  private async sweep(): Promise<void> {
    let ends: FeedPlace[];
    do {
      ends = await this.parts.feeds.ends(this.sweptTo, FEEDS_PER_TICK, this.sweepRecent);
      for (const { tenantId, feedId, seq } of ends) {
        for (const runner of this.runners.values()) runner.notice(tenantId, feedId, seq);
      }
      this.sweptTo = ends.length === FEEDS_PER_TICK ? ends.at(-1) : undefined;
    } while (this.sweptTo && !this.sweepRecent && !this.stopped);
    this.sweepRecent = true;
  }
}
