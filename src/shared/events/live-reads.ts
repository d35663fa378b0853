import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DomainError } from '../errors/index.js';
import { EventLog } from './event-log.js';
import { FeedsRepository, type News } from './feeds.repository.js';
import type { LiveFeed } from './live-feed.js';
import type { WireEvent } from './wire-event.js';

/** Events of one feed in one look. */
const PAGE = 100;
/** Feeds of one look. */
const FEEDS = 256;
/** Looks begin at most this often; after a rest the first news is read at once. */
const PACE_MS = 2;
const RETRY_MS = 1_000;
/** Readers that are given events before others have a turn: 10 ms with sockets that are written to. */
const GIVEN_AT_ONCE = 1_000;

/**
 * Reads what comes in the feeds that are followed on this node: one statement for all that have news. While it is under
 * way the next feeds gather.
 */
@Injectable()
export class LiveReads {
  private readonly logger = new Logger('events');
  /** Feeds that may have news, and those whose news is being given out. */
  private readonly due = new Set<LiveFeed>();
  private readonly giving = new Set<LiveFeed>();
  /** Reading for all must not happen in the transaction, the trace or the log lines of whoever wrote. */
  private readonly outside = AsyncLocalStorage.snapshot();
  private reading = false;
  private failing = false;

  constructor(
    private readonly log: EventLog,
    private readonly feeds: FeedsRepository,
  ) {}

  /** The feed may have news. */
  notice(feed: LiveFeed): void {
    this.due.add(feed);
    if (this.reading) return;
    this.reading = true;
    void this.outside(() => this.readOn());
  }

  forget(feed: LiveFeed): void {
    this.due.delete(feed);
  }

  private async readOn(): Promise<void> {
    // What is committed together is read together.
    await turn();
    for (let feeds = this.take(); feeds.length > 0; feeds = this.take()) {
      const began = performance.now();
      const read = await this.look(feeds);
      const early = read ? PACE_MS - (performance.now() - began) : RETRY_MS;
      if (early > 0) await pause(early, undefined, { ref: false });
    }
    this.reading = false;
  }

  private take(): LiveFeed[] {
    const taken: LiveFeed[] = [];
    for (const feed of this.due) {
      if (this.giving.has(feed)) continue;
      this.due.delete(feed);
      taken.push(feed);
      if (taken.length === FEEDS) break;
    }
    return taken;
  }

  /** False when the database could not be asked; the feeds are due again then. */
  private async look(feeds: readonly LiveFeed[]): Promise<boolean> {
    try {
      const news = await this.feeds.news(feeds, PAGE);
      feeds.forEach((feed, index) => this.found(feed, news[index]));
      this.failing = false;
      return true;
    } catch (error) {
      this.failed(error);
      for (const feed of feeds) if (feed.size > 0) this.due.add(feed);
      return false;
    }
  }

  private found(feed: LiveFeed, news?: News): void {
    const [first] = news?.events ?? [];
    const isNext = first ? first.seq === feed.seq + 1 : news?.whole;
    if (!isNext) void this.ask(feed);
    else if (news && first) void this.give(feed, news.events);
  }

  /** Numbers are missing: what a look does not find the log tells, as that it was restored or retention came. */
  private async ask(feed: LiveFeed): Promise<void> {
    const { tenantId, feedId, seq } = feed;
    this.giving.add(feed);
    try {
      const { events } = await this.log.readWire(tenantId, feedId, { after: seq, limit: PAGE });
      await this.give(feed, events);
    } catch (error) {
      const passes = !(error instanceof DomainError) || error.kind === 'unavailable' || error.kind === 'internal';
      if (!passes) return feed.end(error);
      this.failed(error);
      await pause(RETRY_MS, undefined, { ref: false });
      this.due.add(feed);
    } finally {
      this.given(feed);
    }
  }

  private async give(feed: LiveFeed, events: readonly WireEvent[]): Promise<void> {
    this.giving.add(feed);
    const [first] = events;
    if (first) this.log.observeLag(first.event);
    for (const _ of feed.deliver(events, GIVEN_AT_ONCE)) await turn();
    if (events.length >= PAGE) this.due.add(feed);
    this.given(feed);
  }

  private given(feed: LiveFeed): void {
    this.giving.delete(feed);
    if (feed.size === 0) this.due.delete(feed);
    else if (this.due.has(feed)) this.notice(feed);
  }

  private failed(error: unknown): void {
    if (!this.failing) this.logger.warn({ msg: 'feeds cannot be read on, and are tried every second', err: error });
    this.failing = true;
  }
}
