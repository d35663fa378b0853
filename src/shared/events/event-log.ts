import { Injectable, Logger } from '@nestjs/common';
import { type CommitSink, type Transaction, Transactions } from '../database/index.js';
import { assertStorable, InvalidInput } from '../errors/index.js';
import { currentTraceparent, Metrics } from '../metrics/index.js';
import type { LoggedEvent, NewEvent } from './event.js';
import { EventFilter, type FilterOptions } from './event-filter.js';
import { CursorAhead, CursorExpired, EventOutsideTransaction } from './events.errors.js';
import {
  type ActorTally,
  EventsRepository,
  type FeedSlice,
  type Period,
  type SliceQuery,
  type TracedEvent,
} from './events.repository.js';
import { FeedMarks } from './feed-marks.js';
import { SafetyPoll } from './safety-poll.js';
import { Wakeups } from './wakeups.js';
import type { WireEvent } from './wire-event.js';

export interface ReadOptions extends FilterOptions {
  /** Reads the events after this number; default: from the oldest one kept. */
  after?: number | undefined;
  /** Default 100, at most 1,000. */
  limit?: number | undefined;
}

export interface EventPage<E = LoggedEvent> {
  events: E[];
  /** The cursor to read on from. It also passes what the filter left out, so it may move without events. */
  next: number;
  /** Last number of the feed when the page was read; `next` is equal to it when there is nothing more. */
  last: number;
}

interface Pending {
  tenantId: string;
  event: TracedEvent;
}

const MAX_LIMIT = 1_000;
/** A filter of rare events looks through at most so many events in one statement; the cursor moves on past them. */
const FILTER_WINDOW = 10_000;
/** Events that are looked through for those of one subject, in one call; 11 ms of PostgreSQL's time. */
const SUBJECT_WINDOW = 50_000;
const FOREVER = new Date('9999-12-31T00:00:00Z');
const WAIT_MS = 30_000;

/** The ordered log of what happened, by feed. Written in the transaction of the change, read after its commit. */
@Injectable()
export class EventLog implements CommitSink<Pending> {
  private readonly logger = new Logger('events');
  private readonly marks = new FeedMarks();
  private readonly lag: ReturnType<Metrics['histogram']>;

  constructor(
    private readonly transactions: Transactions,
    private readonly repository: EventsRepository,
    private readonly wakeups: Wakeups,
    private readonly safety: SafetyPoll,
    metrics: Metrics,
  ) {
    this.lag = metrics.histogram({
      name: 'feed_lag_seconds',
      help: 'From the time of an event until a reader that waited for it on this node had it; by two clocks.',
    });
  }

  /**
   * Writes events last in the running transaction; they are lost with it, or with the savepoint they were appended
   * after. Above READ COMMITTED they reach the log right after the commit.
   *
   * @throws EventOutsideTransaction
   */
  append(tenantId: string, ...events: NewEvent[]): void {
    const transaction = this.transactions.current();
    const trace = currentTraceparent() ?? null;
    for (const event of events) {
      if (!transaction) throw new EventOutsideTransaction(event.type);
      if (event.data) assertStorable(event.data, 'data');
      transaction.enqueue(this, { tenantId, event: { ...event, trace } });
    }
  }

  /** Called by the transaction before its commit. */
  async flush(_transaction: Transaction, pending: Pending[]): Promise<void> {
    const byTenant = new Map<string, TracedEvent[]>();
    for (const { tenantId, event } of pending) {
      const events = byTenant.get(tenantId);
      if (events) events.push(event);
      else byTenant.set(tenantId, [event]);
    }
    // In one order everywhere, as the feeds are locked from here to the commit.
    for (const [tenantId, events] of [...byTenant].sort(([one], [other]) => (one < other ? -1 : 1))) {
      await this.repository.append(tenantId, events);
      await this.appended(tenantId, [...new Set(events.map((event) => event.feedId))]);
    }
  }

  /**
   * For a statement that wrote events itself, by `append_events`: after the commit their readers are woken. What a
   * transaction above READ COMMITTED left beside the log is moved into it first.
   */
  async appended(tenantId: string, feedIds: readonly string[]): Promise<void> {
    const isolation = this.transactions.current()?.isolation ?? 'READ COMMITTED';
    await this.transactions.afterCommit(async () => {
      if (isolation === 'READ COMMITTED') this.wakeups.publish(tenantId, feedIds);
      else await this.moveLeft(100, tenantId);
    });
  }

  /**
   * Moves what committed transactions left beside the log, oldest first; of one tenant, or of all: nodes die, or fail
   * to do it themselves. Answers how many transactions; one that cannot be moved is reported and does not keep the
   * others back.
   */
  async moveLeft(limit = 100, ofTenant?: string): Promise<number> {
    let moved = 0;
    for (const { tenantId, transactionId } of await this.repository.left(limit, ofTenant)) {
      try {
        await this.move(tenantId, transactionId);
        moved++;
      } catch (error) {
        this.logger.error({ msg: 'events could not be moved into the log', tenantId, transactionId, err: error });
      }
    }
    return moved;
  }

  /** The number of the first event of a feed that is not older than this; where it ends, the number of the next one. */
  firstSince(tenantId: string, feedId: string, time: Date): Promise<number> {
    return this.repository.firstSince(tenantId, feedId, time);
  }

  /** By whom the events of a period are, most first, at most 1,000. They are all read: the caller bounds the period. */
  tallies(tenantId: string, feedId: string, period: Period): Promise<ActorTally[]> {
    return this.repository.tallies(tenantId, feedId, period);
  }

  /**
   * Events of a feed in order, read from the primary. A page is also full with a MiB of data.
   *
   * @throws NotFound when the tenant has no such feed
   * @throws CursorExpired when events after the cursor are no longer kept
   * @throws CursorAhead when the feed has not reached the cursor, as after a restore
   */
  read(tenantId: string, feedId: string, options: ReadOptions = {}): Promise<EventPage> {
    return this.page(feedId, options, (query) => this.repository.slice(tenantId, feedId, query));
  }

  /** The same for readers elsewhere. @throws what `read` throws */
  readWire(tenantId: string, feedId: string, options: ReadOptions = {}): Promise<EventPage<WireEvent>> {
    return this.page(feedId, options, (query) => this.repository.wireSlice(tenantId, feedId, query));
  }

  /** A time that no event after `after` is older than, if one is known. */
  since(feedId: string, after: number): Date | undefined {
    return this.marks.since(feedId, after);
  }

  /**
   * Events of one subject between two times, in order. A call looks through a bounded part of the feed: it may find
   * nothing and yet have a `next`, to be given as `after`; without one the end is reached.
   * @throws NotFound when the tenant has no such feed
   */
  async ofSubject(
    tenantId: string,
    feedId: string,
    subjectId: string,
    { from, to, after, limit }: { from: Date; to?: Date | undefined; after?: number | undefined; limit: number },
  ): Promise<{ events: LoggedEvent[]; next?: number }> {
    const first = after === undefined ? await this.firstSince(tenantId, feedId, from) : after + 1;
    const end = await this.firstSince(tenantId, feedId, to ?? FOREVER);
    const until = Math.min(end, first + SUBJECT_WINDOW);
    const found = await this.repository.ofSubject(tenantId, feedId, subjectId, { first, end: until, limit: limit + 1 });
    const events = found.slice(0, limit);
    const last = events.at(-1);
    if (found.length > limit && last) return { events, next: last.seq };
    return { events, ...(until < end && { next: until - 1 }) };
  }

  /**
   * As `read`, but where there is nothing yet it waits up to `waitMs` (at most 30 s) for the first events. `beforeLook`
   * is awaited before each look and ends the waiting by throwing, as when the reader's key was revoked meanwhile.
   */
  async poll(
    tenantId: string,
    feedId: string,
    options: ReadOptions & { waitMs: number; beforeLook?: () => Promise<unknown> },
    signal?: AbortSignal,
  ): Promise<EventPage> {
    const deadline = performance.now() + Math.min(options.waitMs, WAIT_MS);
    // Watched before the first look, so that nothing falls in between.
    using watch = this.wakeups.watch([feedId]);
    let { after } = options;
    let waited = false;
    for (;;) {
      await options.beforeLook?.();
      const page = await this.read(tenantId, feedId, { ...options, after });
      const left = deadline - performance.now();
      const [first] = page.events;
      // Who had not read up to the end before does not tell how fresh the feed is.
      if (first && waited) this.observeLag(first);
      if (first || left <= 0) return page;
      if (page.next === page.last) {
        using _covered = this.safety.cover({ tenantId, feedId, seq: page.next });
        await watch.wait(left, signal);
        waited = true;
      }
      if (signal?.aborted || this.wakeups.stopping) return page;
      after = page.next;
    }
  }

  /** For who waited for news of a feed on this node, and has the first of them now. */
  observeLag({ time }: Pick<LoggedEvent, 'time'>): void {
    this.lag.observe(Math.max(0, Date.now() - time.getTime()) / 1_000);
  }

  /**
   * Every event after `after`, as they come, until `signal` fires or the node shuts down. A page is held in memory; the
   * next one is read when it has been taken. It throws what `read` throws.
   */
  async *tail(
    tenantId: string,
    feedId: string,
    after?: number,
    options: FilterOptions & { signal?: AbortSignal } = {},
  ): AsyncGenerator<LoggedEvent, void, undefined> {
    const { signal, ...filter } = options;
    let cursor = after;
    while (!signal?.aborted && !this.wakeups.stopping) {
      const page = await this.poll(tenantId, feedId, { after: cursor, ...filter, limit: 200, waitMs: WAIT_MS }, signal);
      yield* page.events;
      cursor = page.next;
    }
  }

  private async page<E extends { seq: number }>(
    feedId: string,
    options: ReadOptions,
    slice: (query: SliceQuery) => Promise<FeedSlice<E>>,
  ): Promise<EventPage<E>> {
    const { after } = options;
    if (after !== undefined && !(Number.isSafeInteger(after) && after >= 0)) {
      throw InvalidInput.of('after', 'cursor', 'after must be the number of an event, or 0');
    }
    const filter = new EventFilter(options);
    const limit = Math.min(Math.max(1, Math.trunc(options.limit ?? 100)), MAX_LIMIT);
    const window = filter.isEmpty ? undefined : FILTER_WINDOW;
    const found = await this.found(feedId, { after, window, filter, limit }, slice);

    const { events, floor, last, lastTime } = found;
    const from = after ?? floor;
    if (from < floor) throw new CursorExpired(feedId, from, floor);
    if (from > last) throw new CursorAhead(feedId, from, floor, last);
    if (lastTime) this.marks.note(feedId, last, lastTime);
    const end = events.at(-1);
    const seen = window === undefined ? last : Math.min(last, from + window);
    return { events, next: end && (found.cut || events.length === limit) ? end.seq : seen, last };
  }

  private async found<E extends { seq: number }>(
    feedId: string,
    query: SliceQuery,
    slice: (query: SliceQuery) => Promise<FeedSlice<E>>,
  ): Promise<FeedSlice<E>> {
    const { after, filter } = query;
    const since = this.marks.since(feedId, after);
    const found = await slice({ ...query, since });
    const first = found.events[0]?.seq ?? found.last + 1;
    const isPlausible = found.last >= (after ?? 0) && (!filter.isEmpty || first === (after ?? 0) + 1);
    if (!since || isPlausible) return found;
    // The mark is of a log that was restored since, or of a server whose last events a failover lost and whose clock
    // was ahead; without it the true end, and what lies before the mark, is found.
    this.marks.forget(feedId);
    return slice(query);
  }

  private async move(tenantId: string, transactionId: string): Promise<void> {
    // A transaction of its own, for the level of a single statement is the server's default.
    const feedIds = await this.transactions.run({ propagation: 'requires_new' }, () =>
      this.repository.move(tenantId, transactionId),
    );
    if (feedIds.length > 0) this.wakeups.publish(tenantId, feedIds);
  }
}
