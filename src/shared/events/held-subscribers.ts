import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Transactions } from '../database/index.js';
import { NotFound } from '../errors/index.js';
import { Metrics } from '../metrics/index.js';
import { SubscriberTakenOver } from './events.errors.js';
import { type HeldSubscriber, SubscribersRepository } from './subscribers.repository.js';
import type { Subscription } from './subscription.js';
import { Wakeups } from './wakeups.js';

/** An opening that holds its name on this node, from before it reads anything until it is left. */
export interface Holding extends HeldSubscriber {
  subscription?: Subscription;
  /** Why it holds the name no more. */
  lost?: Error;
}

/** That a subscriber was opened, or deleted. */
type Told = [tenantId: string, name: string, epoch: number, isDeleted: boolean];

const CHANNEL = 'subscribers';
/** How soon an opening elsewhere is noticed whose message was lost. */
const CHECK_MS = 2_000;
const HELD_PER_STATEMENT = 2_000;

/** Which openings of named subscribers live on this node. One is ended when its name is opened again, wherever. */
@Injectable()
export class HeldSubscribers implements OnModuleDestroy {
  private readonly logger = new Logger('events');
  private readonly held = new Map<string, Holding>();
  private timer?: NodeJS.Timeout;
  private stopped = false;

  constructor(
    private readonly repository: SubscribersRepository,
    private readonly wakeups: Wakeups,
    private readonly transactions: Transactions,
    metrics: Metrics,
  ) {
    wakeups.onBroadcast(CHANNEL, (payload) => this.told(JSON.parse(payload) as Told));
    metrics.gauge({ name: 'subscribers_held', help: 'Named subscribers that are open on this node.' }, (gauge) =>
      gauge.set(this.held.size),
    );
  }

  /** Holds the name from now on, and tells all others who do. @throws SubscriberTakenOver when another was quicker */
  take(tenantId: string, name: string, epoch: number): Holding {
    const holding: Holding = { tenantId, name, epoch };
    const former = this.held.get(keyOf(holding));
    if (former && former.epoch > epoch) throw new SubscriberTakenOver(name);
    if (former) lose(former, new SubscriberTakenOver(name));
    this.held.set(keyOf(holding), holding);
    this.wakeups.broadcast(CHANNEL, JSON.stringify([tenantId, name, epoch, false] satisfies Told));
    this.schedule();
    return holding;
  }

  leave(holding: Holding): void {
    if (this.held.get(keyOf(holding)) === holding) this.held.delete(keyOf(holding));
  }

  /** The opening that holds the name, if it is here. */
  of(tenantId: string, name: string): Holding | undefined {
    return this.held.get(keyOf({ tenantId, name }));
  }

  /** It is no more: whoever holds it, here or elsewhere, ends. */
  deleted(tenantId: string, name: string, epoch: number): void {
    this.told([tenantId, name, epoch, true]);
    this.wakeups.broadcast(CHANNEL, JSON.stringify([tenantId, name, epoch, true] satisfies Told));
  }

  onModuleDestroy(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private told([tenantId, name, epoch, isDeleted]: Told): void {
    const holding = this.of(tenantId, name);
    if (!holding || holding.epoch > epoch) return;
    if (isDeleted) this.drop(holding, new NotFound('subscriber', name));
    else if (holding.epoch < epoch) this.drop(holding, new SubscriberTakenOver(name));
  }

  private drop(holding: Holding, reason: Error): void {
    this.leave(holding);
    lose(holding, reason);
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer ??= setTimeout(() => void this.check(), CHECK_MS).unref();
  }

  private async check(): Promise<void> {
    const all = [...this.held.values()];
    try {
      for (let start = 0; start < all.length; start += HELD_PER_STATEMENT) {
        // The timer was perhaps set inside a transaction that has ended since.
        await this.transactions.run({ propagation: 'not_supported' }, () =>
          this.compare(all.slice(start, start + HELD_PER_STATEMENT)),
        );
      }
    } catch (error) {
      this.logger.warn({ msg: 'could not look after named subscribers', err: error });
    } finally {
      this.timer = undefined;
      if (this.held.size > 0) this.schedule();
    }
  }

  private async compare(held: readonly Holding[]): Promise<void> {
    for (const { tenantId, name, epoch, current, isStale } of await this.repository.check(held)) {
      const holding = this.of(tenantId, name);
      if (!holding || holding.epoch !== epoch) continue;
      if (current === null) this.drop(holding, new NotFound('subscriber', name));
      else if (current !== epoch) this.drop(holding, new SubscriberTakenOver(name));
      else if (isStale) await this.repository.touch(tenantId, name);
    }
  }
}

function lose(holding: Holding, reason: Error): void {
  holding.lost = reason;
  holding.subscription?.end(reason);
}

const keyOf = ({ tenantId, name }: Pick<HeldSubscriber, 'tenantId' | 'name'>): string => `${tenantId} ${name}`;
