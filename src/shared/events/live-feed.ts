import type { ReadPlace } from './feeds.repository.js';
import type { WireEvent } from './wire-event.js';

/** Who is given the events of a feed as they come. */
export interface LiveReader {
  /** Events that it can be offered now. */
  readonly room: number;
  /** Events of one feed, in order; those that it has already are left out. */
  offer(events: readonly WireEvent[]): void;
  end(reason: Error): void;
}

/**
 * The newest events are kept for readers that are about to join: without them one that reads page by page could stay
 * behind for ever, as each of its pages is old when it comes.
 */
const KEPT_EVENTS = 512;
const KEPT_BYTES = 512 * 1024;

/** One feed for all who follow it on this node, from when the first one has reached its end until the last leaves. */
export class LiveFeed implements ReadPlace {
  private readonly readers = new Set<LiveReader>();
  private readonly recent: WireEvent[] = [];
  private recentBytes = 0;

  /**
   * @param seq the number up to which it was read
   * @param since a time that no later event is older than, if one is known
   */
  constructor(
    readonly tenantId: string,
    readonly feedId: string,
    public seq: number,
    public since: Date | undefined,
  ) {}

  get size(): number {
    return this.readers.size;
  }

  /**
   * False when some event after `after` is not in hand any more, or more are than the reader has room for: it must read
   * on in the log.
   * @param known whether the log has been seen to reach `after`; it may, before this feed's own look
   */
  join(reader: LiveReader, after: number, known: boolean): boolean {
    const oldest = this.recent[0];
    const before = oldest ? oldest.seq - 1 : this.seq;
    if (after < before || (after > this.seq && !known)) return false;
    const missed = this.recent.slice(after - before);
    if (missed.length > reader.room) return false;
    this.readers.add(reader);
    reader.offer(missed);
    return true;
  }

  leave(reader: LiveReader): void {
    this.readers.delete(reader);
  }

  /**
   * Gives the next events to all who follow, so many readers at a time: the caller goes on with the others in its own
   * time. Who joins meanwhile has them already.
   */
  *deliver(events: readonly WireEvent[], atOnce: number): Generator<void> {
    for (const event of events) {
      this.keep(event);
      this.seq = event.seq;
      this.since = event.event.time;
    }
    let given = 0;
    for (const reader of this.readers) {
      reader.offer(events);
      if (++given % atOnce === 0) yield;
    }
  }

  end(reason: Error): void {
    for (const reader of [...this.readers]) reader.end(reason);
  }

  private keep(event: WireEvent): void {
    this.recent.push(event);
    this.recentBytes += event.bytes;
    while (this.recent.length > KEPT_EVENTS || this.recentBytes > KEPT_BYTES) {
      this.recentBytes -= this.recent.shift()?.bytes ?? 0;
    }
  }
}
