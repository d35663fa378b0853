import { Injectable, Logger } from '@nestjs/common';
import { Transactional } from '../shared/database/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Trial } from './attempt.js';
import type { DeliveryAttempt } from './delivery.entity.js';
import { type Claimed, DispatchRepository } from './dispatch.repository.js';
import { pauseAfter } from './retry-plan.js';
import type { DisabledReason } from './webhook.entity.js';
import { WebhookSettings } from './webhook.settings.js';
import type { SendingFailed } from './webhooks.errors.js';
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

  async conclude(claimed: Claimed, { attempt, failure }: Trial): Promise<Outcome> {
    if (failure) return this.failed(claimed, attempt, failure);
    // Mostly only the delivery changes, which is one statement.
    const kept = claimed.failing ? this.recovered(claimed, attempt) : this.dispatch.delivered(claimed, attempt);
    return (await kept) ? 'delivered' : 'lost';
  }

  @Transactional()
  private async recovered(claimed: Claimed, attempt: DeliveryAttempt): Promise<boolean> {
    const kept = await this.dispatch.delivered(claimed, attempt);
    if (kept) await this.webhooks.recovered(claimed.tenantId, claimed.webhookId);
    return kept;
  }

  @Transactional()
  private async failed(claimed: Claimed, attempt: DeliveryAttempt, { answer }: SendingFailed): Promise<Outcome> {
    const { tenantId, webhookId } = claimed;
    const standing = await this.webhooks.failed(claimed, this.settings.disableAfterDays);
    // Of an endpoint that was changed meanwhile, an answer to the former one says nothing: it is tried again.
    const gone = standing !== undefined && answer?.status === GONE;
    const plan = gone ? [] : this.settings.retrySeconds;
    const pause = pauseAfter(claimed.attempts + 1, plan, answer?.retryAfter);
    const last = pause === undefined;
    const kept = last ? this.dispatch.died(claimed, attempt) : this.dispatch.retry(claimed, attempt, pause);
    if (!(await kept)) return 'lost';
    if (gone || standing?.givenUp) await this.disable(tenantId, webhookId, gone ? 'gone' : 'failing');
    return last ? 'dead' : 'failed';
  }

  private async disable(tenantId: string, webhookId: string, reason: DisabledReason): Promise<void> {
    const webhook = await this.webhooks.disable(tenantId, webhookId, reason);
    if (!webhook) return;
    this.events.append(tenantId, webhookDisabled(webhook));
    this.logger.warn({ msg: 'a webhook was disabled', tenantId, webhookId, reason });
  }
}
