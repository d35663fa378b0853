import { Logger } from '@nestjs/common';
import type { Transactions } from '../database/index.js';
import { NotFound } from '../errors/index.js';
import { withRemoteParent } from '../metrics/index.js';
import { within } from '../resilience/index.js';
import { newPlace, type Place } from './consumer-place.js';
import type { ConsumersRepository } from './consumers.repository.js';
import type { LoggedEvent } from './event.js';
import type { EventLog, EventPage } from './event-log.js';
import { CursorExpired } from './events.errors.js';
import type { FeedPlace } from './feeds.repository.js';
import type { Leadership } from './leadership.js';

export interface ConsumerOptions {
  /** Types it handles; default all. */
  types?: readonly string[];
  /**
   * From when on events of a tenant matter; undefined while none do, and then its feeds are not even read. Asked before
   * every look, and every ten seconds, which is also what a lost wake-up costs. Default: all events matter.
   */
  since?: (tenantId: string) => Promise<Date | undefined>;
  /** Runs in the transaction that moves the cursor: what it writes to the database happens once for each event. */
  handler: (event: LoggedEvent) => Promise<void>;
  /** After so many failures alone the event is parked; default 5. */
  maxAttempts?: number;
  /** Pause after the first failure in ms, doubled by each further one up to a minute; default 200. */
  retryMs?: number;
  /** Limit for one event in ms; default 30,000. */
  timeoutMs?: number;
}

export type Outcome = 'handled' | 'failed' | 'parked';

export interface RunnerParts {
  transactions: Transactions;
  log: EventLog;
  repository: ConsumersRepository;
  leadership: Leadership;
  leaseMs: number;
  count: (consumer: string, outcome: Outcome, events: number) => void;
}

interface Tenure {
  epoch: number;
  places: Map<string, Place>;
}

/**
 * Events in one transaction at most: a cursor is rewritten for each transaction, and its dead versions, which cannot be
 * cleaned while a transaction is held open somewhere, slow every later look at it.
 */
const LARGEST_BATCH = 100;
/** The size follows the handler: doubled while a batch is quick, halved when it takes long, in ms. */
const QUICK_MS = 100;
const LONG_MS = 500;
/** A cursor that moved over events of other types only is stored now and then; at worst they are skimmed again. */
const STORE_EVERY = 1_000;
/** Feeds worked on at once by one consumer; each takes a connection of the pool. */
const LANES = 2;
const CURSORS_PER_PAGE = 5_000;
const LONGEST_PAUSE_MS = 60_000;

/** The cursor is not where this node left it: another node holds the consumer by now. */
class ConsumerLost extends Error {}

/** Works through the feeds of one durable consumer while this node holds it. */
export class ConsumerRunner {
  private readonly logger = new Logger('consumers');
  private tenure?: Tenure;
  private readonly queue = new Set<Place>();
  private readonly busy = new Map<Place, Promise<void>>();
  private batch = 10;
  private stopped = false;

  constructor(
    readonly name: string,
    readonly options: ConsumerOptions,
    private readonly parts: RunnerParts,
  ) {}

  get holding(): boolean {
    return this.tenure !== undefined;
  }

  /** Events that the consumer has not seen yet, as far as this node knows. */
  get lag(): number {
    let lag = 0;
    for (const place of this.tenure?.places.values() ?? []) lag += Math.max(0, place.last - place.seen);
    return lag;
  }

  /** Takes or keeps the consumer; true when this node has just got it and should look at all feeds. */
  async keep(): Promise<boolean> {
    if (this.stopped) return false;
    const { leadership, leaseMs } = this.parts;
    const lease = `consumer:${this.name}`;
    await leadership.hold(lease, leaseMs);
    const epoch = leadership.epoch(lease);
    if (epoch !== undefined && epoch === this.tenure?.epoch) return false;
    this.leave();
    if (epoch === undefined) return false;
    await Promise.allSettled(this.busy.values());
    this.tenure = { epoch, places: await this.load() };
    return true;
  }

  /** A feed has, or may have, events up to `last`. */
  notice(tenantId: string, feedId: string, last?: number): void {
    if (!this.tenure || this.stopped) return;
    const place = this.tenure.places.get(feedId) ?? newPlace({ tenantId, feedId, seq: 0 });
    this.tenure.places.set(feedId, place);
    if (last !== undefined) place.last = Math.max(place.last, last);
    if (place.retry || (last !== undefined && last <= place.seen)) return;
    this.queue.add(place);
    this.pump();
  }

  /** Finishes what is under way and gives the consumer to another node. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.leave();
    await Promise.allSettled(this.busy.values());
    await this.parts.leadership.release(`consumer:${this.name}`);
  }

  private leave(): void {
    for (const place of this.tenure?.places.values() ?? []) clearTimeout(place.retry);
    this.tenure = undefined;
    this.queue.clear();
  }

  private async load(): Promise<Map<string, Place>> {
    const places = new Map<string, Place>();
    let page: FeedPlace[] = [];
    do {
      page = await this.parts.repository.cursors(this.name, page.at(-1), CURSORS_PER_PAGE);
      for (const cursor of page) places.set(cursor.feedId, newPlace(cursor));
    } while (page.length === CURSORS_PER_PAGE);
    return places;
  }

  private pump(): void {
    const { tenure } = this;
    if (!tenure) return;
    for (const place of this.queue) {
      if (this.busy.size >= LANES) return;
      if (this.busy.has(place)) continue;
      this.queue.delete(place);
      const work = this.work(place, tenure).finally(() => {
        this.busy.delete(place);
        this.pump();
      });
      this.busy.set(place, work);
    }
  }

  /** One step in one feed; the feed then goes to the end of the queue, so that no tenant keeps the others waiting. */
  private async work(place: Place, tenure: Tenure): Promise<void> {
    try {
      // The wake-up may have come out of somebody's transaction, which is none of this one's business.
      await this.parts.transactions.run({ propagation: 'not_supported' }, () => this.step(place, tenure));
      if (place.seen < place.last && !place.retry && tenure === this.tenure) this.queue.add(place);
    } catch (error) {
      this.failed(place, tenure, error);
    }
  }

  private async step(place: Place, tenure: Tenure): Promise<void> {
    if (!(await this.matters(place))) return;
    const { tenantId, feedId, seen } = place;
    const solo = seen < place.soloUntil;
    const page = await this.parts.log.read(tenantId, feedId, {
      after: seen,
      types: this.options.types,
      limit: solo ? 1 : this.batch,
    });
    place.last = page.last;
    if (page.events.length > 0) await this.handle(place, tenure, page);
    else if (page.next - place.stored >= STORE_EVERY) await this.advance(place, tenure, page.next);
    place.seen = Math.max(place.seen, page.events.length > 0 ? place.stored : page.next);
  }

  /** Whether anything of the feed matters; what is older than what does is passed over unread. */
  private async matters(place: Place): Promise<boolean> {
    if (!this.options.since) return true;
    const since = (await this.options.since(place.tenantId))?.getTime();
    if (since === undefined) place.last = place.seen;
    else if (since !== place.since) {
      const first = await this.parts.log.firstSince(place.tenantId, place.feedId, new Date(since));
      place.seen = Math.max(place.seen, first - 1);
      place.since = since;
    }
    return since !== undefined;
  }

  /** Handles the events of a page and moves the cursor over it, all in one transaction. */
  private async handle(place: Place, tenure: Tenure, page: EventPage): Promise<void> {
    const { transactions, count } = this.parts;
    const { handler, timeoutMs = 30_000 } = this.options;
    const [first] = page.events;
    const began = performance.now();
    let reached = false;
    try {
      await transactions.run({ timeoutMs, retries: 3 }, async () => {
        await this.advance(place, tenure, page.next, false);
        reached = true;
        for (const event of page.events) {
          const handled = withRemoteParent(event.trace, () => handler(event));
          await within(timeoutMs, 'The handler', handled);
        }
      });
    } catch (error) {
      // Before the handler it is the database that fails, and it is tried again for as long as that takes.
      if (!first || !reached) throw error;
      count(this.name, 'failed', 1);
      if (page.events.length > 1) place.soloUntil = page.events.at(-1)?.seq ?? 0;
      else await this.afterFailure(place, tenure, first, error);
      return;
    }
    count(this.name, 'handled', page.events.length);
    this.fitBatch(performance.now() - began);
    place.attempts = 0;
    place.stored = page.next;
  }

  private fitBatch(tookMs: number): void {
    if (tookMs > LONG_MS) this.batch = Math.max(1, this.batch >> 1);
    else if (tookMs < QUICK_MS) this.batch = Math.min(LARGEST_BATCH, this.batch * 2);
  }

  private async afterFailure(place: Place, tenure: Tenure, event: LoggedEvent, error: unknown): Promise<void> {
    const { maxAttempts = 5, retryMs = 200 } = this.options;
    const where = { consumer: this.name, tenantId: event.tenantId, feedId: event.feedId, seq: event.seq };
    place.attempts++;
    if (place.attempts < maxAttempts) {
      this.logger.warn({ msg: 'a consumer failed and tries again', ...where, attempts: place.attempts, err: error });
      this.retryIn(place, Math.min(LONGEST_PAUSE_MS, retryMs * 2 ** (place.attempts - 1)));
      return;
    }
    this.logger.error({ msg: 'a consumer parked an event', ...where, attempts: place.attempts, err: error });
    await this.park(place, tenure, event.seq, event, error);
  }

  /** Goes past `seq`, leaving behind what could not be handled, with the reason. */
  private async park(
    place: Place,
    tenure: Tenure,
    seq: number,
    event: LoggedEvent | null,
    error: unknown,
  ): Promise<void> {
    const { tenantId, feedId, attempts } = place;
    const parked = { consumer: this.name, feedId, seq, event, error: describe(error), attempts };
    await this.parts.transactions.run({}, async () => {
      await this.advance(place, tenure, seq, false);
      await this.parts.repository.park(tenantId, parked);
    });
    this.parts.count(this.name, 'parked', 1);
    place.stored = place.seen = seq;
    place.attempts = 0;
  }

  private async advance(place: Place, tenure: Tenure, to: number, alone = true): Promise<void> {
    const { tenantId, feedId, stored: from } = place;
    const { epoch } = tenure;
    const moved = await this.parts.repository.advance({ tenantId, consumer: this.name, feedId, from, to, epoch });
    if (!moved) throw new ConsumerLost(`${this.name} is held by another node.`);
    if (alone) place.stored = to;
  }

  /** What went wrong was not the handler's: the feed, the database or the lease. */
  private failed(place: Place, tenure: Tenure, error: unknown): void {
    const where = { consumer: this.name, tenantId: place.tenantId, feedId: place.feedId };
    if (tenure !== this.tenure) return;
    if (error instanceof NotFound) {
      tenure.places.delete(place.feedId);
    } else if (error instanceof CursorExpired) {
      this.expired(place, tenure, error).catch((reason: unknown) => this.failed(place, tenure, reason));
    } else if (error instanceof ConsumerLost) {
      this.logger.warn({ msg: 'a consumer is held by another node', ...where });
      this.leave();
    } else {
      this.logger.warn({ msg: 'a consumer could not work', ...where, err: error });
      this.retryIn(place, 1_000);
    }
  }

  /** Retention was faster. A consumer that never read the feed starts where it starts; any other has missed something. */
  private async expired(place: Place, tenure: Tenure, error: CursorExpired): Promise<void> {
    if (place.stored === 0) place.seen = error.floor;
    else await this.park(place, tenure, error.floor, null, error);
    this.queue.add(place);
    this.pump();
  }

  private retryIn(place: Place, ms: number): void {
    place.retry = setTimeout(() => {
      place.retry = undefined;
      this.notice(place.tenantId, place.feedId);
    }, ms).unref();
  }
}

/** What stands beside a parked event: short, and without the NUL that PostgreSQL cannot keep. */
export function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replaceAll('\0', '').slice(0, 2_000);
}
