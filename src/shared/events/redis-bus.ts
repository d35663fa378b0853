import { Logger } from '@nestjs/common';
import { createClient } from 'redis';
import { within } from '../resilience/index.js';
import { type Bus, type BusListener, reconnectDelay } from './bus.js';

const ANSWER_MS = 5_000;

type Client = ReturnType<RedisBus['client']>;

/** Redis pub/sub, with a connection to publish and one to subscribe. */
export class RedisBus implements Bus {
  private readonly logger = new Logger('wakeups');
  private readonly publisher: Client;
  private readonly subscriber: Client;
  private listener?: BusListener;
  private subscribed = false;
  private down = false;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly channel: string,
  ) {
    this.publisher = this.client();
    this.subscriber = this.client();
  }

  open(listener: BusListener): void {
    this.listener = listener;
    this.publisher.on('ready', () => this.connected());
    this.subscriber.on('ready', () => void this.subscribe());
    for (const client of [this.publisher, this.subscriber]) {
      client.connect().catch((error: unknown) => this.failed(error));
    }
  }

  async send(texts: readonly string[]): Promise<void> {
    const sent = texts.map((text) => this.publisher.publish(this.channel, text));
    await within(ANSWER_MS, 'Publishing to Redis', Promise.all(sent));
  }

  close(): Promise<void> {
    this.closed = true;
    this.publisher.destroy();
    this.subscriber.destroy();
    return Promise.resolve();
  }

  /** Nothing is queued while it is down: what is sent late is of no use, and the queue would have no limit. */
  private client() {
    const client = createClient({
      url: this.url,
      disableOfflineQueue: true,
      pingInterval: 10_000,
      socket: { connectTimeout: ANSWER_MS, socketTimeout: 30_000, reconnectStrategy: reconnectDelay },
    });
    client.on('error', (error: unknown) => this.failed(error));
    return client;
  }

  /** Once: the client repeats it with every connection, but not when it failed. */
  private async subscribe(): Promise<void> {
    try {
      if (!this.subscribed) await this.subscriber.subscribe(this.channel, (text) => this.listener?.received(text));
      this.subscribed = true;
      this.connected();
    } catch (error) {
      this.failed(error);
    }
  }

  private connected(): void {
    if (!this.publisher.isReady || !this.subscriber.isReady || !this.subscribed) return;
    if (this.down) this.logger.log({ msg: 'wake-ups are back' });
    this.down = false;
    this.listener?.connected();
  }

  private failed(error: unknown): void {
    if (this.down || this.closed) return;
    this.down = true;
    this.logger.warn({ msg: 'Redis is lost; readers poll until it is back', err: error });
  }
}
