import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Transactions } from '../shared/database/index.js';
import { CircuitOpen } from '../shared/errors/index.js';
import { tried } from './attempt.js';
import { Courier } from './courier.js';
import { DeliveryMeter } from './delivery-meter.js';
import { type Claimed, DispatchRepository } from './dispatch.repository.js';
import { Hosts } from './hosts.js';
import { Outcomes } from './outcomes.js';
import { WebhookNews } from './webhook-news.js';
import { WebhookSettings } from './webhook.settings.js';

/** A node looks for something to send at most this often, and at least so often when it heard of nothing. */
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 10_000;
/** After it took something: until then it is not asked when the next is due, for what is sent meanwhile ends mostly. */
const PAUSE_WHILE_BUSY_MS = 50;
/** While a host or a tenant has no room it is not asked when something for it is due. */
const PAUSE_WITHOUT_ROOM_MS = 1_000;

/** What sending is made of. */
@Injectable()
export class DispatchParts {
  readonly hosts: Hosts;

  constructor(
    readonly dispatch: DispatchRepository,
    readonly courier: Courier,
    readonly outcomes: Outcomes,
    readonly meter: DeliveryMeter,
    readonly settings: WebhookSettings,
  ) {
    this.hosts = new Hosts(settings);
  }
}

/**
 * Sends what is due. Every node does it; each delivery is taken by one of them, for as long as an attempt can last, and
 * by another one when that node has died. So each is sent at least once.
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('webhooks');
  private readonly sending = new Set<Promise<void>>();
  private timer?: NodeJS.Timeout;
  private looking?: Promise<void>;
  private lookedAt = 0;
  /** Something happened while it looked. */
  private again = false;
  /** Something is due by the next look. */
  private expecting = false;
  private stopped = false;

  constructor(
    private readonly parts: DispatchParts,
    private readonly transactions: Transactions,
    news: WebhookNews,
  ) {
    news.onDue(() => this.wake());
  }

  onApplicationBootstrap(): void {
    this.wake();
  }

  /** What is under way is finished: it is bounded by the time limit of an attempt. */
  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.looking;
    await Promise.all(this.sending);
  }

  private wake(): void {
    this.again = true;
    if (!this.looking) this.lookIn(Math.max(0, this.lookedAt + SHORTEST_PAUSE_MS - performance.now()));
  }

  private lookIn(ms: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.expecting ||= this.again;
      this.again = false;
      // The wake-up may have come out of somebody's transaction, which has ended since.
      this.looking = this.transactions
        .run({ propagation: 'not_supported' }, () => this.look())
        .catch((error: unknown) => {
          this.logger.warn({ msg: 'webhooks could not be sent and will be tried again', err: error });
          return PAUSE_WITHOUT_ROOM_MS;
        })
        .then((pause) => {
          this.looking = undefined;
          this.lookedAt = performance.now();
          this.lookIn(this.again ? SHORTEST_PAUSE_MS : Math.max(SHORTEST_PAUSE_MS, pause));
        });
    }, ms).unref();
  }

  /** Takes what is due and there is room for. Answers how long there is nothing more to do, unless somebody calls. */
  private async look(): Promise<number> {
    const { dispatch, hosts, settings } = this.parts;
    const { concurrency, leaseMs } = settings;
    const limit = concurrency - this.sending.size;
    if (limit <= 0) return LONGEST_PAUSE_MS;
    if (this.expecting) {
      const claimed = await dispatch.claim({ limit, room: hosts.room(), leaseMs });
      for (const one of claimed) this.start(one);
      if (claimed.length > 0) return claimed.length === limit ? LONGEST_PAUSE_MS : PAUSE_WHILE_BUSY_MS;
    }
    const room = hosts.room();
    const longest = room.hosts.length > 0 ? PAUSE_WITHOUT_ROOM_MS : LONGEST_PAUSE_MS;
    const due = (await dispatch.nextDueIn(room)) ?? Infinity;
    this.expecting = due <= longest;
    return Math.min(due, longest);
  }

  private start(claimed: Claimed): void {
    const sent = this.send(claimed).finally(() => {
      this.sending.delete(sent);
      this.wake();
    });
    this.sending.add(sent);
  }

  private async send(claimed: Claimed): Promise<void> {
    try {
      await this.attempt(claimed);
    } catch (error) {
      // It is taken again when its lease ends.
      const { tenantId, webhookId, id: deliveryId } = claimed;
      this.logger.warn({ msg: 'a delivery was not concluded', tenantId, webhookId, deliveryId, err: error });
    }
  }

  private async attempt(claimed: Claimed): Promise<void> {
    const { courier, dispatch, hosts, meter, outcomes } = this.parts;
    try {
      const trial = await tried(() => hosts.run(claimed, () => courier.post(claimed)));
      meter.count(claimed, trial, await outcomes.conclude(claimed, trial));
    } catch (error) {
      if (!(error instanceof CircuitOpen) || error.details.dependency !== claimed.host) throw error;
      meter.postponed();
      await dispatch.postpone(claimed, error.retryAfterSeconds);
    }
  }
}
