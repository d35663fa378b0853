import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence, QueryBuilder, rowMapper } from '../shared/database/index.js';
import { NotFound } from '../shared/errors/index.js';
import { KeysetCursor, type Page, pageOf } from '../shared/http/index.js';
import { newId } from '../shared/ids/index.js';
import { Delivery, type DeliveryStatus } from './delivery.entity.js';
import type { ListDeliveries } from './delivery.dto.js';

/** One event on its way to some endpoints. */
export interface NewDeliveries extends Pick<Delivery, 'eventId' | 'type' | 'occurredAt' | 'body'> {
  webhookIds: readonly string[];
}

export interface Backlog {
  pending: number;
  dead: number;
}

const NEWEST_FIRST = new KeysetCursor('-id', ['uuid']);

/** What is sent again starts anew, at the end of the queue. */
const ANEW = `status = 'pending', attempts = 0, due_at = now(), epoch = epoch + 1, ended_at = NULL`;
const QUEUE = `pg_get_serial_sequence('webhook_deliveries', 'position')`;

/** The log of deliveries; what sends them is in `dispatch.repository`. */
@Injectable()
export class DeliveriesRepository extends AggregateRepository {
  private readonly metadata = this.persistence.database.metadata(Delivery);
  private readonly toDelivery = rowMapper<Delivery>(this.metadata);

  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Due at once, in the order given. What endpoints have in common is sent to the database once. */
  @Operation()
  async insert(tenantId: string, events: readonly NewDeliveries[]): Promise<void> {
    const each = events.flatMap(({ webhookIds }, index) => webhookIds.map((webhookId) => ({ webhookId, index })));
    await this.query(
      `INSERT INTO webhook_deliveries (tenant_id, webhook_id, id, event_id, type, occurred_at, body)
       SELECT $1, d.webhook_id, d.id, e.event_id, e.type, e.occurred_at, e.body
         FROM unnest($2::uuid[], $3::uuid[], $4::int[]) WITH ORDINALITY d(webhook_id, id, event, place)
           JOIN unnest($5::text[], $6::text[], $7::timestamptz[], $8::text[])
             WITH ORDINALITY e(event_id, type, occurred_at, body, place) ON e.place = d.event + 1
         ORDER BY d.place`,
      [
        tenantId,
        each.map(({ webhookId }) => webhookId),
        each.map(() => newId()),
        each.map(({ index }) => index),
        events.map(({ eventId }) => eventId),
        events.map(({ type }) => type),
        events.map(({ occurredAt }) => occurredAt),
        events.map(({ body }) => body),
      ],
    );
  }

  /** Newest first. */
  @Operation()
  async list(tenantId: string, webhookId: string, list: Partial<ListDeliveries>): Promise<Page<Delivery>> {
    const limit = list.limit ?? 50;
    const [after] = NEWEST_FIRST.decode(list.after) ?? [];
    const base = 'SELECT * FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2';
    const query = new QueryBuilder(this.metadata, base, [tenantId, webhookId])
      .addInCondition('status', list.status)
      .orderBy('id', 'desc', after === undefined ? undefined : [after, after])
      .limit(limit + 1);
    const { text, values } = query.build();
    const rows = await this.read(text, values);
    return pageOf(rows.map(this.toDelivery), limit, ({ id }) => NEWEST_FIRST.encode([id]));
  }

  /** @throws NotFound */
  @Operation()
  async get(tenantId: string, webhookId: string, id: string): Promise<Delivery> {
    const [row] = await this.query(
      'SELECT * FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 AND id = $3',
      [tenantId, webhookId, id],
    );
    if (!row) throw new NotFound('delivery', id);
    return this.toDelivery(row);
  }

  /** Undefined when it has not ended, or there is none. The caller has the endpoint's row locked. */
  @Operation()
  async redrive(tenantId: string, webhookId: string, id: string): Promise<Delivery | undefined> {
    const [row] = await this.query(
      `UPDATE webhook_deliveries SET ${ANEW}, position = nextval(${QUEUE})
       WHERE tenant_id = $1 AND webhook_id = $2 AND id = $3 AND status <> 'pending' RETURNING *`,
      [tenantId, webhookId, id],
    );
    return row && this.toDelivery(row);
  }

  /** The oldest `limit` of the dead that were recorded since, in their order. The caller has the endpoint's row locked. */
  @Operation()
  async redriveDead(tenantId: string, webhookId: string, since: Date | undefined, limit: number): Promise<number> {
    const rows = await this.query(
      `WITH dead AS MATERIALIZED (
         SELECT id FROM webhook_deliveries
         WHERE tenant_id = $1 AND webhook_id = $2 AND status = 'dead' AND created_at >= $3 ORDER BY id LIMIT $4
       ), queued AS MATERIALIZED (SELECT id, nextval(${QUEUE}) AS position FROM (SELECT id FROM dead ORDER BY id) d)
       UPDATE webhook_deliveries w SET ${ANEW}, position = q.position FROM queued q
       WHERE w.tenant_id = $1 AND w.webhook_id = $2 AND w.id = q.id AND w.status = 'dead' RETURNING w.id`,
      [tenantId, webhookId, since ?? '-infinity', limit],
    );
    return rows.length;
  }

  /** How many of all tenants wait, and how many are dead. */
  @Operation()
  async backlog(): Promise<Backlog> {
    const rows = await this.query<{ status: Exclude<DeliveryStatus, 'delivered'>; count: number }>(
      `SELECT status, count(*)::int AS count FROM webhook_deliveries WHERE status = 'pending' GROUP BY status
       UNION ALL
       SELECT status, count(*)::int AS count FROM webhook_deliveries WHERE status = 'dead' GROUP BY status`,
    );
    const count = (status: DeliveryStatus): number => rows.find((row) => row.status === status)?.count ?? 0;
    return { pending: count('pending'), dead: count('dead') };
  }

  /** Removes what ended more than `days` ago; answers how many, at most `limit`. */
  @Operation()
  async purgeEnded(days: number, limit: number): Promise<number> {
    return this.remove(`ended_at < now() - make_interval(days => $2)`, days, limit);
  }

  /** Removes what waits for endpoints that are deleted, or have been disabled for longer than `days`. */
  @Operation()
  async purgeStranded(days: number, limit: number): Promise<number> {
    return this.remove(
      `status = 'pending' AND NOT EXISTS (SELECT FROM webhooks w WHERE w.tenant_id = d.tenant_id AND w.id = d.webhook_id
         AND (w.enabled OR w.updated_at >= now() - make_interval(days => $2)))`,
      days,
      limit,
    );
  }

  private async remove(condition: string, days: number, limit: number): Promise<number> {
    const rows = await this.query(
      `DELETE FROM webhook_deliveries WHERE (tenant_id, webhook_id, id) IN (
         SELECT tenant_id, webhook_id, id FROM webhook_deliveries d WHERE ${condition} LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [limit, days],
    );
    return rows.length;
  }
}
