import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Metrics } from '../metrics/index.js';
import type { Bus } from './bus.js';
import { EVENTS_OPTIONS, type EventsOptions } from './events.options.js';
import { PostgresBus } from './postgres-bus.js';
import { RedisBus } from './redis-bus.js';
import { Unsent } from './unsent.js';
import { decodeWake, encodeWake, MAX_PART_BYTES } from './wake-message.js';
import { Watch } from './watch.js';

/**
 * A busy node tells the others at most this often; the first news after a pause goes out at once. Each message is a round
 * trip to the server: at 5 ms they took a tenth of the time of a node under load.
 */
const PAUSE_MS = 10;

/** After a failed attempt, unless a new connection comes before. */
const RETRY_MS = 1_000;

/** The key of a topic among the feeds; no feed begins so. */
const topicOf = (tenantId: string, topic: string): string => `~${topic} ${tenantId}`;

type WakeListener = (tenantId: string, feedIds: readonly string[]) => void;

/**
 * Tells readers, on every node, that feeds have news; they read it from the log. Never inside a transaction: NOTIFY
 * would then take a lock over all commits of the server. A wake-up may get lost and costs its reader a safety poll.
 */
@Injectable()
export class Wakeups implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  /** Names this process among the nodes. */
  readonly nodeId = randomUUID();
  private readonly logger = new Logger('wakeups');
  private readonly bus: Bus;
  private readonly watches = new Map<string, Set<Watch>>();
  private readonly wakeListeners = new Set<WakeListener>();
  private readonly topicListeners = new Map<string, (tenantId: string) => void>();
  private readonly channels = new Map<string, Set<(payload: string) => void>>();
  private readonly reconnectListeners = new Set<() => void>();
  private readonly unsent = new Unsent();
  private connections = 0;
  /** By `performance.now()`. */
  private nextSend = 0;
  private timer?: NodeJS.Timeout;
  private sending?: Promise<void>;
  private isStopping = false;
  private closed = false;

  constructor(
    @Inject(EVENTS_OPTIONS) options: EventsOptions,
    private readonly metrics: Metrics,
  ) {
    const channel = options.channel ?? 'muster';
    this.bus = options.redisUrl
      ? new RedisBus(options.redisUrl, channel)
      : new PostgresBus(options.databaseUrl, channel);
    this.measure();
  }

  /** True when the node is shutting down: waits end at once. */
  get stopping(): boolean {
    return this.isStopping;
  }

  /** Says that these feeds have news. Call it after the commit only. */
  publish(tenantId: string, feedIds: readonly string[]): void {
    this.deliver(tenantId, feedIds);
    this.unsent.addFeeds(tenantId, feedIds);
    this.schedule();
  }

  /** Notes wake-ups of these feeds from now on, until it is disposed. */
  watch(feedIds: readonly string[]): Watch {
    const watch = new Watch((ended) => {
      for (const feedId of feedIds) {
        const watches = this.watches.get(feedId);
        watches?.delete(ended);
        if (watches?.size === 0) this.watches.delete(feedId);
      }
    });
    for (const feedId of feedIds) {
      const watches = this.watches.get(feedId);
      if (watches) watches.add(watch);
      else this.watches.set(feedId, new Set([watch]));
    }
    if (this.isStopping) watch.wake();
    return watch;
  }

  /** Says that something happened in the tenant which is no matter of one feed, such as that there is work. */
  announce(tenantId: string, topic: string): void {
    this.publish(tenantId, [topicOf(tenantId, topic)]);
  }

  /** Notes announcements of the topic, as `watch` does wake-ups. */
  watchTopic(tenantId: string, topic: string): Watch {
    return this.watch([topicOf(tenantId, topic)]);
  }

  /** Calls `listener` for each announcement of the topic by another node; one listener a topic. */
  onAnnouncedElsewhere(topic: string, listener: (tenantId: string) => void): void {
    this.topicListeners.set(topic, listener);
  }

  /** True when one of the feeds has news within `ms`. To look and then wait without a gap, use `watch`. */
  async wait(feedIds: readonly string[], ms: number, signal?: AbortSignal): Promise<boolean> {
    using watch = this.watch(feedIds);
    return await watch.wait(ms, signal);
  }

  /** Calls `listener` for every feed that has news. Returns a function that ends it. */
  onWake(listener: WakeListener): () => void {
    this.wakeListeners.add(listener);
    return () => this.wakeListeners.delete(listener);
  }

  /** Sends a short text to the listeners of `channel` on the other nodes. @throws RangeError above 7,000 bytes */
  broadcast(channel: string, payload: string): void {
    if (Buffer.byteLength(JSON.stringify([channel, payload])) > MAX_PART_BYTES - 500) {
      throw new RangeError('A broadcast is at most 7,000 bytes long.');
    }
    this.unsent.addBroadcast(channel, payload);
    this.schedule();
  }

  onBroadcast(channel: string, listener: (payload: string) => void): () => void {
    const listeners = this.channels.get(channel) ?? new Set();
    this.channels.set(channel, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Calls `listener` when messages may have been missed, on this side or by another node. */
  onReconnect(listener: () => void): () => void {
    this.reconnectListeners.add(listener);
    return () => this.reconnectListeners.delete(listener);
  }

  /** Wakes this node's readers of a feed. */
  deliver(tenantId: string, feedIds: readonly string[]): void {
    for (const feedId of feedIds) for (const watch of this.watches.get(feedId) ?? []) watch.wake();
    const feeds = feedIds.filter((feedId) => !feedId.startsWith('~'));
    if (feeds.length === 0) return;
    for (const listener of this.wakeListeners) listener(tenantId, feeds);
  }

  onModuleInit(): void {
    this.bus.open({ received: (text) => this.received(text), connected: () => this.connected() });
  }

  /** Long polls and tails end here, so that the connections they hold open can be closed. */
  onModuleDestroy(): void {
    this.isStopping = true;
    this.wakeAll();
  }

  /** Late, because requests that are being finished still publish. */
  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.sending;
    await this.flush();
    await this.bus.close();
  }

  private received(text: string): void {
    const message = decodeWake(text);
    if (!message || message.node === this.nodeId) return;
    for (const [tenantId, feedIds] of message.feeds) {
      // Before the wake-up, for who is woken looks at once.
      for (const [topic, listener] of this.topicListeners) {
        if (feedIds.includes(topicOf(tenantId, topic))) this.call(() => listener(tenantId));
      }
      this.deliver(tenantId, feedIds);
    }
    for (const [channel, payload] of message.broadcasts) {
      for (const listener of this.channels.get(channel) ?? []) this.call(() => listener(payload));
    }
    if (message.lost) this.missed();
  }

  private connected(): void {
    if (this.connections++ > 0) this.missed();
    this.nextSend = 0;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.schedule();
  }

  private missed(): void {
    this.wakeAll();
    for (const listener of this.reconnectListeners) this.call(listener);
  }

  private wakeAll(): void {
    for (const watches of this.watches.values()) for (const watch of watches) watch.wake();
  }

  /** A listener's error is its own: the others are still called. */
  private call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.logger.error({ msg: 'a listener of the wake-ups failed', err: error });
    }
  }

  private schedule(): void {
    if (this.timer || this.sending || this.closed || this.unsent.isEmpty) return;
    const send = (): void => {
      this.timer = undefined;
      this.sending = this.flush().finally(() => {
        this.sending = undefined;
        this.schedule();
      });
    };
    this.timer = setTimeout(send, Math.max(0, Math.ceil(this.nextSend - performance.now())));
  }

  private async flush(): Promise<void> {
    if (this.unsent.isEmpty) return;
    this.nextSend = performance.now() + PAUSE_MS;
    const message = this.unsent.take();
    try {
      await this.bus.send(encodeWake({ node: this.nodeId, ...message }));
    } catch (error) {
      this.logger.debug({ msg: 'wake-ups not sent yet', err: error });
      this.nextSend = performance.now() + RETRY_MS;
      this.unsent.giveBack(message);
    }
  }

  private measure(): void {
    this.metrics.gauge({ name: 'events_watched_feeds', help: 'Feeds that somebody on this node waits for.' }, (gauge) =>
      gauge.set(this.watches.size),
    );
  }
}
