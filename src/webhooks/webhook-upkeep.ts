import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Rounds } from '../shared/resilience/index.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { WebhookSettings } from './webhook.settings.js';

const INTERVAL_MS = 10 * 60_000;
/** Rows removed by one statement, and statements of one round. */
const AT_ONCE = 1_000;
const ROUNDS = 100;

/** Bounds the log of deliveries. Every node does it; they pass over each other's rows. */
@Injectable()
export class WebhookUpkeep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('webhooks');
  private readonly rounds = new Rounds(
    () => this.run(),
    INTERVAL_MS,
    (error) => this.logger.warn({ msg: 'the upkeep of webhooks failed', err: error }),
  );

  constructor(
    private readonly deliveries: DeliveriesRepository,
    private readonly settings: WebhookSettings,
  ) {}

  onApplicationBootstrap(): void {
    // Not at once: nodes that start together do not all begin with the same work.
    this.rounds.begin(Math.random() * INTERVAL_MS);
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** One round, bounded; answers how many deliveries were removed. */
  async run(): Promise<number> {
    const { retentionDays: days } = this.settings;
    const ended = await this.all(() => this.deliveries.purgeEnded(days, AT_ONCE));
    return ended + (await this.all(() => this.deliveries.purgeStranded(days, AT_ONCE)));
  }

  private async all(purge: () => Promise<number>): Promise<number> {
    let removed = 0;
    for (let round = 0; round < ROUNDS && !this.rounds.isStopped; round++) {
      const count = await purge();
      removed += count;
      if (count < AT_ONCE) break;
    }
    return removed;
  }
}
