import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Permits } from '../database/permits.js';
import { NodeStopping } from '../http/draining.js';
import { Metrics } from '../metrics/index.js';
import { EventFilter, type FilterOptions } from './event-filter.js';
import { EventLog } from './event-log.js';
import { LiveFeed } from './live-feed.js';
import { LiveReads } from './live-reads.js';
import { SafetyPoll } from './safety-poll.js';
import { type BufferLimits, type FeedCursor, type FeedEnd, type Place, Subscription } from './subscription.js';
import { Wakeups } from './wakeups.js';

export interface SubscribeOptions extends FilterOptions {
  /** What may wait; 20,000 events and 8 MiB when left out. */
  buffer?: { [limit in keyof BufferLimits]?: number | undefined };
  /** Called when it is closed or ends, perhaps more than once. */
  onLeft?: () => void;
}

/** A batch of 10,000 tasks is that many events, and comes within a tenth of a second. */
export const DEFAULT_BUFFER: BufferLimits = { events: 20_000, bytes: 8 * 1024 * 1024 };

/** Pages read at once for all subscriptions that are behind: a fleet that comes back must leave the pool to others. */
const READS = 4;
const READ_LIMIT_MS = 30_000;

/**
 * Feeds as they are written. However many follow a feed on this node, it reads the log once for all of them; who begins
 * further back first reads pages of their own. What nobody follows is not read, and nothing of it is kept.
 */
@Injectable()
export class LiveFeeds implements OnModuleDestroy {
  private readonly feeds = new Map<string, Following>();
  private readonly subscriptions = new Set<Subscription>();
  private readonly permits = new Permits(READS, READ_LIMIT_MS);
  /** Reading for all must not happen in the transaction, the trace or the log lines of whoever came first. */
  private readonly outside = AsyncLocalStorage.snapshot();
  private stopped = false;

  constructor(
    private readonly log: EventLog,
    private readonly reads: LiveReads,
    private readonly safety: SafetyPoll,
    wakeups: Wakeups,
    metrics: Metrics,
  ) {
    wakeups.onWake((tenantId, feedIds) => this.noticed(tenantId, feedIds));
    wakeups.onReconnect(() => this.missed());
    metrics.gauge({ name: 'live_feeds', help: 'Feeds that this node reads for those who follow them.' }, (gauge) =>
      gauge.set(this.feeds.size),
    );
    metrics.gauge({ name: 'live_subscriptions', help: 'Who follows feeds on this node.' }, (gauge) =>
      gauge.set(this.subscriptions.size),
    );
  }

  /**
   * Follows feeds of a tenant, each from its cursor. Close it when it is not wanted any more.
   *
   * @throws NotFound when the tenant has no such feed
   * @throws CursorExpired when events after a cursor are no longer kept
   * @throws CursorAhead when a feed has not reached its cursor
   * @throws InvalidInput, NodeStopping
   */
  async subscribe(
    tenantId: string,
    feeds: readonly FeedCursor[],
    { buffer = {}, onLeft, ...filter }: SubscribeOptions = {},
  ): Promise<Subscription> {
    if (this.stopped) throw new NodeStopping();
    const subscription = new Subscription(feeds, {
      filter: new EventFilter(filter),
      limits: { events: buffer.events ?? DEFAULT_BUFFER.events, bytes: buffer.bytes ?? DEFAULT_BUFFER.bytes },
      read: (place, limit) => this.outside(() => this.read(tenantId, place, limit, filter)),
      join: (reader, place, page) => this.join(reader, tenantId, place, page),
      leave: (reader, feedIds) => {
        this.leave(reader, tenantId, feedIds);
        onLeft?.();
      },
    });
    this.subscriptions.add(subscription);
    try {
      await subscription.open();
    } catch (error) {
      subscription.close();
      throw error;
    }
    return subscription;
  }

  onModuleDestroy(): void {
    this.stopped = true;
    for (const subscription of [...this.subscriptions]) subscription.end(new NodeStopping());
  }

  private async read(tenantId: string, { feedId, read }: Place, limit: number, filter: FilterOptions) {
    const giveBack = await this.permits.take('events.replay');
    try {
      const page = await this.log.readWire(tenantId, feedId, { after: read, limit, ...filter });
      return { events: page.events, page };
    } finally {
      giveBack();
    }
  }

  private join(reader: Subscription, tenantId: string, { feedId, read: after = 0 }: Place, page?: FeedEnd): boolean {
    const following = this.feeds.get(keyOf(tenantId, feedId));
    if (following) return following.feed.join(reader, after, page !== undefined);
    if (page?.next !== after || page.last !== after || this.stopped) return false;
    const feed = new LiveFeed(tenantId, feedId, after, this.log.since(feedId, after));
    this.feeds.set(keyOf(tenantId, feedId), { feed, covered: this.safety.cover(feed) });
    feed.join(reader, after, true);
    // What was written since the page was read may have been told before anybody listened.
    this.reads.notice(feed);
    return true;
  }

  private leave(reader: Subscription, tenantId: string, feedIds: readonly string[]): void {
    this.subscriptions.delete(reader);
    for (const feedId of feedIds) {
      const key = keyOf(tenantId, feedId);
      const { feed, covered } = this.feeds.get(key) ?? {};
      feed?.leave(reader);
      if (!feed || feed.size > 0) continue;
      this.feeds.delete(key);
      this.reads.forget(feed);
      covered?.[Symbol.dispose]();
    }
  }

  private noticed(tenantId: string, feedIds: readonly string[]): void {
    if (this.feeds.size === 0) return;
    for (const feedId of feedIds) {
      const following = this.feeds.get(keyOf(tenantId, feedId));
      if (following) this.reads.notice(following.feed);
    }
  }

  private missed(): void {
    for (const { feed } of this.feeds.values()) this.reads.notice(feed);
  }
}

interface Following {
  feed: LiveFeed;
  covered: Disposable;
}

const keyOf = (tenantId: string, feedId: string): string => `${tenantId} ${feedId}`;
