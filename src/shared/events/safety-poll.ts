import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Transactions } from '../database/index.js';
import { type FeedPlace, FeedsRepository } from './feeds.repository.js';
import { Wakeups } from './wakeups.js';

const PERIOD_MS = 1_000;
const FEEDS_PER_STATEMENT = 2_000;

/**
 * Finds news whose wake-up was lost: one look a second for all feeds that somebody on this node waits for, and none
 * while nobody does. However many wait, and for however many feeds, it is one statement for each 2,000 feeds.
 */
@Injectable()
export class SafetyPoll implements OnModuleDestroy {
  private readonly logger = new Logger('events');
  private readonly waiting = new Set<Readonly<FeedPlace>>();
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly feeds: FeedsRepository,
    private readonly wakeups: Wakeups,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Looks for events after the place until the result is disposed, and wakes the feed's watches when there are some.
   * The place may move on meanwhile; each cover has one of its own.
   */
  cover(place: Readonly<FeedPlace>): Disposable {
    this.waiting.add(place);
    this.schedule();
    return { [Symbol.dispose]: () => void this.waiting.delete(place) };
  }

  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer ??= setTimeout(() => void this.look(), PERIOD_MS).unref();
  }

  private async look(): Promise<void> {
    const places = this.leastPlaces();
    try {
      for (let start = 0; start < places.length; start += FEEDS_PER_STATEMENT) {
        const asked = places.slice(start, start + FEEDS_PER_STATEMENT);
        // The timer was perhaps set inside a transaction that has ended since.
        const passed = await this.transactions.run({ propagation: 'not_supported' }, () => this.feeds.passed(asked));
        for (const { tenantId, feedId } of passed) this.wakeups.deliver(tenantId, [feedId]);
      }
    } catch (error) {
      this.logger.warn({ msg: 'could not look for news', err: error });
    } finally {
      this.timer = undefined;
      if (this.waiting.size > 0) this.schedule();
    }
  }

  /** One place a feed, the least: one who has read further is at worst woken for nothing. */
  private leastPlaces(): Readonly<FeedPlace>[] {
    const least = new Map<string, Readonly<FeedPlace>>();
    for (const place of this.waiting) {
      const known = least.get(place.feedId);
      if (!known || place.seq < known.seq) least.set(place.feedId, place);
    }
    return [...least.values()];
  }
}
