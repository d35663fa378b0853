import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type CommitSink, type Transaction, Transactions } from '../shared/database/index.js';
import { InvalidTransaction } from '../shared/errors/index.js';
import { Consumers, EventFilter, type LoggedEvent, toCloudEvent } from '../shared/events/index.js';
import { DeliveriesRepository, type NewDeliveries } from './deliveries.repository.js';
import { WebhookNews } from './webhook-news.js';
import { type Follower, WebhooksRepository } from './webhooks.repository.js';

interface Made extends NewDeliveries {
  tenantId: string;
}

interface Reader {
  id: string;
  wants: (event: LoggedEvent) => boolean;
}

/**
 * Makes deliveries of events: a durable consumer, so each endpoint gets each event into its queue exactly once. The feeds
 * of tenants without an endpoint that is or was lately enabled are not even read.
 */
@Injectable()
export class FanOut implements OnModuleInit, CommitSink<Made> {
  /** Events come many in a transaction, and see the same endpoints. */
  private readonly readers = new WeakMap<Transaction, Promise<Reader[]>>();

  constructor(
    private readonly consumers: Consumers,
    private readonly transactions: Transactions,
    private readonly webhooks: WebhooksRepository,
    private readonly deliveries: DeliveriesRepository,
    private readonly news: WebhookNews,
  ) {}

  onModuleInit(): void {
    this.consumers.consumer('webhooks', {
      since: (tenantId) => this.webhooks.followedSince(tenantId),
      handler: (event) => this.record(event),
    });
  }

  /** Called by the transaction before its commit, with all that the events of a batch came to. */
  async flush(_transaction: Transaction, made: Made[]): Promise<void> {
    // A consumer's transaction is about one feed, so about one tenant.
    const [first] = made;
    if (!first) return;
    await this.deliveries.insert(first.tenantId, made);
    await this.news.due(first.tenantId);
  }

  private async record(event: LoggedEvent): Promise<void> {
    const transaction = this.transactions.current();
    if (!transaction) throw new InvalidTransaction('Deliveries are made in the transaction that moves the cursor.');
    const readers = (await this.readersOf(transaction, event.tenantId)).filter(({ wants }) => wants(event));
    if (readers.length === 0) return;
    const webhookIds = readers.map(({ id }) => id);
    const { tenantId, type, time: occurredAt } = event;
    const cloudEvent = toCloudEvent(event);
    const body = JSON.stringify(cloudEvent);
    transaction.enqueue(this, { tenantId, webhookIds, eventId: cloudEvent.id, type, occurredAt, body });
  }

  private readersOf(transaction: Transaction, tenantId: string): Promise<Reader[]> {
    const known = this.readers.get(transaction);
    if (known) return known;
    const readers = this.webhooks.followers(tenantId).then((followers) => followers.map(readerOf));
    this.readers.set(transaction, readers);
    return readers;
  }
}

function readerOf({ id, workspaceId, types, subjects, switchedAt }: Follower): Reader {
  const filter = new EventFilter({ types, subjects });
  const follows = (event: LoggedEvent): boolean =>
    workspaceId === null ? !isCopy(event) : workspaceId === event.feedId;
  return { id, wants: (event) => wasOn(switchedAt, event.time) && follows(event) && filter.passes(event) };
}

/** On from the first time to the second, from the third to the fourth, and so on. */
const wasOn = (switchedAt: readonly Date[], time: Date): boolean =>
  switchedAt.findLastIndex((at) => at <= time) % 2 === 0;

/** What happens to a workspace stands in its own feed and in the tenant's; who follows both gets the tenant's. */
const isCopy = ({ tenantId, feedId, subjectId }: LoggedEvent): boolean => feedId !== tenantId && subjectId === feedId;
