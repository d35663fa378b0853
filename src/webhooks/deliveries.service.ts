import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { type LoggedEvent, toCloudEvent } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import { newId } from '../shared/ids/index.js';
import { type Trial, tried } from './attempt.js';
import { Courier } from './courier.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import type { ListDeliveries, RedriveDead, Redriven } from './delivery.dto.js';
import type { Delivery } from './delivery.entity.js';
import type { Webhook } from './webhook.entity.js';
import { WebhookNews } from './webhook-news.js';
import { DeliveryPending, TooManyTests } from './webhooks.errors.js';
import { webhookTested } from './webhooks.events.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

const REDRIVEN_AT_ONCE = 1_000;

/** At a time, of one tenant. */
const MAX_TESTS = 4;

/** What was sent to endpoints, what came of it, and sending it again. */
@Injectable()
export class DeliveriesService {
  /** Under way on this node, by tenant. */
  private readonly tests = new Map<string, number>();

  constructor(
    private readonly endpoints: WebhooksService,
    private readonly webhooks: WebhooksRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly courier: Courier,
    private readonly news: WebhookNews,
  ) {}

  /** Newest first. @throws NotFound */
  async list(caller: Caller, webhookId: string, query: Partial<ListDeliveries> = {}): Promise<Page<Delivery>> {
    await this.endpoints.get(caller, webhookId);
    return this.deliveries.list(caller.tenantId, webhookId, query);
  }

  /** Sends again what was delivered or is dead, after what waits already. @throws NotFound, DeliveryPending */
  @Transactional()
  async redrive(caller: Caller, webhookId: string, id: string): Promise<Delivery> {
    const { tenantId } = await this.endpoints.get(caller, webhookId);
    // Locked, as for all that puts something into the queue of an ordered endpoint.
    await this.webhooks.getForUpdate(tenantId, webhookId);
    const delivery = await this.deliveries.redrive(tenantId, webhookId, id);
    if (!delivery) throw new DeliveryPending(await this.deliveries.get(tenantId, webhookId, id));
    await this.news.due(tenantId);
    return delivery;
  }

  /** Sends the dead again in their order, the oldest thousand of them. @throws NotFound */
  @Transactional()
  async redriveDead(caller: Caller, webhookId: string, { since }: RedriveDead = {}): Promise<Redriven> {
    const { tenantId } = await this.endpoints.get(caller, webhookId);
    await this.webhooks.getForUpdate(tenantId, webhookId);
    const redriven = await this.deliveries.redriveDead(tenantId, webhookId, since, REDRIVEN_AT_ONCE);
    await this.news.due(tenantId);
    return { redriven, hasMore: redriven === REDRIVEN_AT_ONCE };
  }

  /** Sends an event of type `webhook.test` now, once, whether the endpoint is enabled or not. @throws NotFound, TooManyTests */
  async test(caller: Caller, webhookId: string): Promise<Trial> {
    const webhook = await this.endpoints.get(caller, webhookId);
    const event = { ...toCloudEvent(testOf(caller, webhook)), id: `test:${newId()}` };
    const { url, secret, tenantId } = webhook;
    const running = this.tests.get(tenantId) ?? 0;
    if (running >= MAX_TESTS) throw new TooManyTests(MAX_TESTS);
    this.tests.set(tenantId, running + 1);
    try {
      const request = { url, eventId: event.id, body: JSON.stringify(event), secrets: [secret] };
      return await tried(() => this.courier.post(request));
    } finally {
      const left = (this.tests.get(tenantId) ?? 1) - 1;
      if (left > 0) this.tests.set(tenantId, left);
      else this.tests.delete(tenantId);
    }
  }
}

/** In the form of the log, in which it does not stand. */
function testOf({ tenantId, actorId }: Caller, webhook: Webhook): LoggedEvent {
  const { data = null, ...event } = webhookTested(actorId, webhook);
  return { ...event, tenantId, actorId, data, seq: 0, time: new Date(), trace: null };
}
