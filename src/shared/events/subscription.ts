import { InvalidInput } from '../errors/index.js';
import type { EventFilter } from './event-filter.js';
import type { EventPage } from './event-log.js';
import { SlowConsumer } from './events.errors.js';
import type { LiveReader } from './live-feed.js';
import type { WireEvent } from './wire-event.js';

export interface FeedCursor {
  feedId: string;
  /** The number of the last event that was read; from the oldest one kept when left out. */
  after?: number | undefined;
}

/** What waits for a consumer at most; a single event is taken whatever its size. */
export interface BufferLimits {
  events: number;
  bytes: number;
}

/** Where a page of a feed ended, and the feed itself. */
export type FeedEnd = Pick<EventPage, 'next' | 'last'>;

export interface SubscriptionParts {
  filter: EventFilter;
  limits: BufferLimits;
  /** A page of the log, of so many events at most; what of it passes the filter. */
  read: (place: Place, limit: number) => Promise<{ events: readonly WireEvent[]; page: FeedEnd }>;
  /** Joins the live stream of the feed, if all that follows the place is in hand there; `page` led to the place. */
  join: (reader: Subscription, place: Place, page?: FeedEnd) => boolean;
  leave: (reader: Subscription, feedIds: readonly string[]) => void;
}

/** Where a subscription is in one of its feeds. */
export interface Place {
  readonly feedId: string;
  /** Everything up to here is waiting in the buffer, was taken, or did not pass the filter. */
  read: number | undefined;
  /** Everything up to here was taken or did not pass, while something waits. */
  taken: number;
  waiting: number;
}

/** What is taken at once at most, so that what was taken and not yet sent stays small as well. */
const TAKEN_EVENTS = 256;
const TAKEN_BYTES = 64 * 1024;
/** Events of the first page of a feed, which is often the only one, and of the others. */
const FIRST_PAGE = 200;
const PAGE = 1_000;
/** With less waiting, the next page of a feed that is still behind is read, while what waits is taken. */
const ROOM: BufferLimits = { events: PAGE, bytes: 1024 * 1024 };

/**
 * Somebody who follows some feeds, each from a cursor: first by pages of the log, at the pace of the one who takes them,
 * then live. In each feed the events come in order, without a gap and each once.
 */
export class Subscription implements LiveReader, Disposable {
  private readonly places: ReadonlyMap<string, Place>;
  /** Those that are not live yet. */
  private readonly behind: Set<Place>;
  private buffer: WireEvent[] = [];
  private bufferBytes = 0;
  private why?: Error;
  private closed = false;
  private reading = false;
  private wake?: (() => void) | undefined;
  private listener?: ((reason: Error) => void) | undefined;

  /** @throws InvalidInput when a feed is named twice */
  constructor(
    feeds: readonly FeedCursor[],
    private readonly parts: SubscriptionParts,
  ) {
    this.places = new Map(feeds.map(placeOf).map((place) => [place.feedId, place]));
    if (this.places.size < feeds.length) throw InvalidInput.of('feeds', 'isUnique', 'feeds must not name one twice');
    this.behind = new Set(this.places.values());
  }

  /** Why it ended, otherwise than by `close`. */
  get reason(): Error | undefined {
    return this.why;
  }

  /** Calls back with the reason when it ends, at once when it has. One listener at a time. */
  onEnd(listener: (reason: Error) => void): void {
    if (this.why) listener(this.why);
    else this.listener = listener;
  }

  /**
   * Looks into every feed for the first time, so that what is wrong with one is told before anything is sent.
   * @throws what `next` throws, and NotFound
   */
  async open(): Promise<void> {
    const page = Math.min(FIRST_PAGE, this.parts.limits.events);
    for (const place of this.places.values()) await this.readOn(place, this.hasRoom ? page : 1);
    if (this.why) throw this.why;
  }

  /**
   * The next events, as soon as there are some; none when it was closed. One caller at a time.
   * @throws the reason for which it ended: SlowConsumer, CursorExpired, CursorAhead, NodeStopping
   */
  async next(): Promise<readonly WireEvent[]> {
    await new Promise<void>((resolve) => this.whenReady(resolve));
    if (this.why) throw this.why;
    return this.take();
  }

  /**
   * Calls back once, when something can be taken or it has ended or was closed: at once if that is so now. One caller at
   * a time, who ends it by throwing. Not a promise: with 10,000 readers of a feed, promises were half of what a delivery took besides its write.
   */
  whenReady(callback: () => void): void {
    this.readAhead();
    this.wake = callback;
    this.wakeUp();
  }

  /** What waits, at most 64 KiB or a single event; nothing after the end. */
  take(): readonly WireEvent[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.buffer.length, TAKEN_EVENTS); count++) {
      bytes += this.buffer[count]?.bytes ?? 0;
      if (count > 0 && bytes > TAKEN_BYTES) break;
    }
    const taken = this.buffer.splice(0, count);
    for (const event of taken) {
      this.bufferBytes -= event.bytes;
      const place = this.places.get(event.event.feedId);
      if (!place) continue;
      place.waiting--;
      place.taken = event.seq;
    }
    return taken;
  }

  /** The cursor to read on from after what was taken. It also passes what the filter left out. */
  cursorOf(feedId: string): number {
    const place = this.places.get(feedId.toLowerCase());
    return (place?.waiting ? place.taken : place?.read) ?? 0;
  }

  follows(feedId: string): boolean {
    return this.places.has(feedId.toLowerCase());
  }

  get room(): number {
    return this.parts.limits.events - this.buffer.length;
  }

  /** Events of one feed, in order. */
  offer(events: readonly WireEvent[]): void {
    const place = this.places.get(events[0]?.event.feedId ?? '');
    if (!place) return;
    for (const event of events) {
      if (this.isOver) return;
      if (event.seq <= (place.read ?? 0)) continue;
      if (this.parts.filter.passes(event.event)) {
        if (this.isFullFor(event)) return this.end(new SlowConsumer());
        this.put(place, event);
      }
      place.read = event.seq;
    }
    this.wakeUp();
  }

  /** Drops what waits; the cursors stay those of what was taken. */
  end(reason: Error): void {
    if (this.isOver) return;
    for (const place of this.places.values()) place.read = this.cursorOf(place.feedId);
    this.leave();
    this.why = reason;
    this.listener?.(reason);
    this.wakeUp();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.leave();
    this.wakeUp();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private get isOver(): boolean {
    return this.closed || this.why !== undefined;
  }

  private get isReady(): boolean {
    return this.buffer.length > 0 || this.isOver;
  }

  private isFullFor(event: WireEvent): boolean {
    const { events, bytes } = this.parts.limits;
    return this.buffer.length > 0 && (this.buffer.length >= events || this.bufferBytes + event.bytes > bytes);
  }

  private wakeUp(): void {
    const { wake } = this;
    if (!wake || !this.isReady) return;
    this.wake = undefined;
    try {
      wake();
    } catch (error) {
      // A fault of this reader, and others are to be given the same events.
      this.failed(error);
    }
  }

  private leave(): void {
    this.buffer = [];
    this.bufferBytes = 0;
    for (const place of this.places.values()) place.waiting = 0;
    this.parts.leave(this, [...this.places.keys()]);
  }

  /** One page at a time, whichever feed it is of: what waits stays below two. */
  private readAhead(): void {
    const [place] = this.behind;
    if (!place || !this.hasRoom || this.reading || this.isOver) return;
    this.reading = true;
    void this.readOn(place, Math.min(PAGE, this.parts.limits.events)).finally(() => {
      this.reading = false;
      this.wakeUp();
      // Nothing of the page passed, and who waits is not to be woken for that.
      if (this.wake) this.readAhead();
    });
  }

  private async readOn(place: Place, limit: number): Promise<void> {
    if (place.read !== undefined && this.join(place)) return;
    const found = await this.parts.read(place, limit).catch((error: unknown) => this.failed(error));
    if (!found || this.isOver) return;
    const { events, page } = found;
    if (place.read === undefined) place.taken = (events[0]?.seq ?? page.next + 1) - 1;
    for (const event of events) this.put(place, event);
    place.read = page.next;
    // With a page waiting, who reads as fast as it can would be called slow for a few events that come live.
    if (this.hasRoom) this.join(place, page);
  }

  private get hasRoom(): boolean {
    const { events, bytes } = this.parts.limits;
    const isRoomy = this.buffer.length < Math.min(ROOM.events, events / 2);
    return this.buffer.length === 0 || (isRoomy && this.bufferBytes < Math.min(ROOM.bytes, bytes / 2));
  }

  private failed(error: unknown): undefined {
    this.end(error instanceof Error ? error : new Error(String(error)));
  }

  private join(place: Place, page?: FeedEnd): boolean {
    return this.parts.join(this, place, page) && this.behind.delete(place);
  }

  private put(place: Place, event: WireEvent): void {
    if (place.waiting === 0) place.taken = place.read ?? place.taken;
    place.waiting++;
    this.buffer.push(event);
    this.bufferBytes += event.bytes;
  }
}

const placeOf = ({ feedId, after }: FeedCursor): Place => ({
  // As the database writes it.
  feedId: feedId.toLowerCase(),
  read: after,
  taken: after ?? 0,
  waiting: 0,
});
