import type { WakeMessage } from './wake-message.js';

/** What is kept for the time after a lost connection: feeds beyond it are left to the safety polls of their readers. */
const FEEDS_KEPT = 10_000;
/** Broadcasts beyond it are dropped, and the other nodes are told that something was. */
const BROADCASTS_KEPT = 1_000;

/** What a node has to tell the others with its next message. */
export class Unsent {
  private feeds = new Map<string, Set<string>>();
  private feedCount = 0;
  private broadcasts: [string, string][] = [];
  private lost = false;

  get isEmpty(): boolean {
    return this.feeds.size === 0 && this.broadcasts.length === 0 && !this.lost;
  }

  addFeeds(tenantId: string, feedIds: readonly string[]): void {
    if (this.feedCount >= FEEDS_KEPT) return;
    const feeds = this.feeds.get(tenantId) ?? new Set<string>();
    this.feeds.set(tenantId, feeds);
    const before = feeds.size;
    for (const feedId of feedIds) feeds.add(feedId);
    this.feedCount += feeds.size - before;
  }

  addBroadcast(channel: string, payload: string): void {
    if (this.broadcasts.length < BROADCASTS_KEPT) this.broadcasts.push([channel, payload]);
    else this.lost = true;
  }

  take(): Omit<WakeMessage, 'node'> {
    const feeds = [...this.feeds].map(([tenantId, ids]): [string, string[]] => [tenantId, [...ids]]);
    const { broadcasts, lost } = this;
    this.feeds = new Map();
    this.feedCount = 0;
    this.broadcasts = [];
    this.lost = false;
    return { feeds, broadcasts, lost };
  }

  /** Puts back what could not be sent, before what gathered since. */
  giveBack(message: Omit<WakeMessage, 'node'>): void {
    const since = this.take();
    this.lost = message.lost || since.lost;
    for (const [tenantId, feedIds] of [...message.feeds, ...since.feeds]) this.addFeeds(tenantId, feedIds);
    for (const [channel, payload] of [...message.broadcasts, ...since.broadcasts]) this.addBroadcast(channel, payload);
  }
}
