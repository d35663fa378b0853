import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Transaction, Transactions } from '../shared/database/index.js';
import { InvalidTransaction } from '../shared/errors/index.js';
import { Consumers, EventFilter, type LoggedEvent, toCloudEvent } from '../shared/events/index.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { WebhookNews } from './webhook-news.js';
import { type Follower, WebhooksRepository } from './webhooks.repository.js';

interface Reader {
  id: string;
  wants: (event: LoggedEvent) => boolean;
}

/**
 * Makes deliveries of events: a durable consumer, so each endpoint gets each event into its queue exactly once. The feeds
 * of tenants without an enabled endpoint are not even read.
 */
@Injectable()
export class FanOut implements OnModuleInit {
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

  private async record(event: LoggedEvent): Promise<void> {
    const readers = (await this.readersOf(event.tenantId)).filter(({ wants }) => wants(event));
    if (readers.length === 0) return;
    const { tenantId, feedId, seq, type, time: occurredAt } = event;
    const ids = readers.map(({ id }) => id);
    const body = JSON.stringify(toCloudEvent(event));
    await this.deliveries.insert(tenantId, ids, { eventId: `${feedId}:${seq}`, type, occurredAt, body });
    await this.news.due(tenantId);
  }

  private readersOf(tenantId: string): Promise<Reader[]> {
    const transaction = this.transactions.current();
    if (!transaction) throw new InvalidTransaction('Deliveries are made in the transaction that moves the cursor.');
    const known = this.readers.get(transaction);
    if (known) return known;
    const readers = this.webhooks.followers(tenantId).then((followers) => followers.map(readerOf));
    this.readers.set(transaction, readers);
    return readers;
  }
}

function readerOf({ id, workspaceId, types, subjects, enabledAt }: Follower): Reader {
  const filter = new EventFilter({ types, subjects });
  const follows = (event: LoggedEvent): boolean =>
    workspaceId === null ? !isCopy(event) : workspaceId === event.feedId;
  return { id, wants: (event) => event.time >= enabledAt && follows(event) && filter.passes(event) };
}

/** What happens to a workspace stands in its own feed and in the tenant's; who follows both gets the tenant's. */
const isCopy = ({ tenantId, feedId, subjectId }: LoggedEvent): boolean => feedId !== tenantId && subjectId === feedId;
