import { Injectable, Logger } from '@nestjs/common';
import { Transactional } from '../shared/database/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Trial } from './attempt.js';
import { type Claimed, DispatchRepository } from './dispatch.repository.js';
import { pauseAfter } from './retry-plan.js';
import type { DisabledReason } from './webhook.entity.js';
import { WebhookSettings } from './webhook.settings.js';
import { webhookDisabled } from './webhooks.events.js';
import { WebhooksRepository } from './webhooks.repository.js';

/** `lost`: another node had the delivery by then. */
export type Outcome = 'delivered' | 'failed' | 'dead' | 'lost';

const GONE = 410;

/** What an attempt means for the delivery and for its endpoint. */
@Injectable()
export class Outcomes {
  private readonly logger = new Logger('webhooks');

  constructor(
    private readonly dispatch: DispatchRepository,
    private readonly webhooks: WebhooksRepository,
    private readonly events: EventLog,
    private readonly settings: WebhookSettings,
  ) {}

  @Transactional()
  async conclude(claimed: Claimed, { attempt, failure }: Trial): Promise<Outcome> {
    const { tenantId, webhookId } = claimed;
    if (!failure) {
      if (!(await this.dispatch.delivered(claimed, attempt))) return 'lost';
      if (claimed.failing) await this.webhooks.recovered(tenantId, webhookId);
      return 'delivered';
    }
    const gone = attempt.status === GONE;
    const plan = gone ? [] : this.settings.retrySeconds;
    const pause = pauseAfter(claimed.attempts + 1, plan, failure.answer?.retryAfter);
    const kept =
      pause === undefined
        ? await this.dispatch.died(claimed, attempt)
        : await this.dispatch.retry(claimed, attempt, pause);
    if (!kept) return 'lost';
    const givenUp = await this.webhooks.failed(tenantId, webhookId, this.settings.disableAfterDays);
    if (gone || givenUp) await this.disable(tenantId, webhookId, gone ? 'gone' : 'failing');
    return pause === undefined ? 'dead' : 'failed';
  }

  private async disable(tenantId: string, webhookId: string, reason: DisabledReason): Promise<void> {
    const webhook = await this.webhooks.disable(tenantId, webhookId, reason);
    if (!webhook) return;
    this.events.append(tenantId, webhookDisabled(webhook));
    this.logger.warn({ msg: 'a webhook was disabled', tenantId, webhookId, reason });
  }
}
