import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DomainError } from '../errors/index.js';
import type { EventLog, EventPage } from './event-log.js';
import type { SafetyPoll } from './safety-poll.js';
import type { Wakeups } from './wakeups.js';
import type { Watch } from './watch.js';
import { WireEvent } from './wire-event.js';

/** Who is given the events of a feed as they come. */
export interface LiveReader {
  offer(event: WireEvent): void;
  end(reason: Error): void;
}

export interface LiveFeedParts {
  log: EventLog;
  wakeups: Wakeups;
  safety: SafetyPoll;
}

const PAGE = 200;
const WAIT_MS = 30_000;
const RETRY_MS = 1_000;
/** A feed that is written all the time is looked into at most this often; after a rest the first news comes at once. */
const PACE_MS = 4;
/**
 * The newest events are kept for readers that are about to join: without them one that reads page by page could stay
 * behind for ever, as each of its pages is old when it comes.
 */
const KEPT_EVENTS = 512;
const KEPT_BYTES = 512 * 1024;

/** Reads one feed for all who follow it on this node, from when the first one has reached its end until the last leaves. */
export class LiveFeed {
  private readonly logger = new Logger('events');
  private readonly readers = new Set<LiveReader>();
  private readonly closing = new AbortController();
  private readonly recent: WireEvent[] = [];
  private recentBytes = 0;
  private failing = false;

  /** @param head the number up to which the first reader has read */
  constructor(
    readonly tenantId: string,
    readonly feedId: string,
    private head: number,
    private readonly parts: LiveFeedParts,
  ) {}

  get isEmpty(): boolean {
    return this.readers.size === 0;
  }

  /**
   * False when some event after `after` is not in hand any more; the reader must read on in the log.
   * @param known whether the log has been seen to reach `after`; it may, before this feed's own look
   */
  join(reader: LiveReader, after: number, known: boolean): boolean {
    const oldest = this.recent[0];
    const before = oldest ? oldest.seq - 1 : this.head;
    if (after < before || (after > this.head && !known)) return false;
    this.readers.add(reader);
    for (const event of this.recent.slice(after - before)) reader.offer(event);
    return true;
  }

  leave(reader: LiveReader): void {
    this.readers.delete(reader);
  }

  /** Reads until it is closed. An error that will not pass, such as of a log that was restored, ends its readers. */
  async follow(): Promise<void> {
    const { signal } = this.closing;
    using watch = this.parts.wakeups.watch([this.feedId]);
    for (let waited = false; !signal.aborted;) {
      const page = await this.look();
      if (signal.aborted) return;
      if (!page) {
        await rest(RETRY_MS, signal);
        continue;
      }
      const [first] = page.events;
      if (first && waited) this.parts.log.observeLag(first);
      this.deliver(page);
      waited = page.next === page.last;
      if (!waited) continue;
      const looked = performance.now();
      await this.news(watch, signal);
      const early = PACE_MS - (performance.now() - looked);
      if (early > 0) await rest(early, signal);
    }
  }

  close(): void {
    this.closing.abort();
  }

  private async look(): Promise<EventPage | undefined> {
    try {
      const page = await this.parts.log.read(this.tenantId, this.feedId, { after: this.head, limit: PAGE });
      this.failing = false;
      return page;
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  private failed(error: unknown): void {
    if (error instanceof DomainError && error.kind !== 'unavailable' && error.kind !== 'internal') {
      for (const reader of [...this.readers]) reader.end(error);
    } else if (!this.failing) {
      const { tenantId, feedId } = this;
      this.logger.warn({ msg: 'a feed cannot be read on, and is tried every second', tenantId, feedId, err: error });
      this.failing = true;
    }
  }

  private async news(watch: Watch, signal: AbortSignal): Promise<void> {
    using _covered = this.parts.safety.cover({ tenantId: this.tenantId, feedId: this.feedId, seq: this.head });
    await watch.wait(WAIT_MS, signal);
  }

  private deliver({ events, next }: EventPage): void {
    for (const event of events) {
      const one = new WireEvent(event);
      this.keep(one);
      for (const reader of this.readers) reader.offer(one);
    }
    this.head = next;
  }

  private keep(event: WireEvent): void {
    this.recent.push(event);
    this.recentBytes += event.bytes;
    while (this.recent.length > KEPT_EVENTS || this.recentBytes > KEPT_BYTES) {
      this.recentBytes -= this.recent.shift()?.bytes ?? 0;
    }
  }
}

/** Ends early, and without an error, when the signal fires. */
const rest = (ms: number, signal: AbortSignal): Promise<void> =>
  pause(ms, undefined, { signal }).catch(() => undefined);
