import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import type { DeliveryAttempt, Delivery } from './delivery.entity.js';
import type { Room } from './hosts.js';

/** A delivery that this node has for itself for a while, with what sending it takes. */
export interface Claimed extends Pick<Delivery, 'tenantId' | 'webhookId' | 'id' | 'eventId' | 'body' | 'occurredAt'> {
  /** Attempts before this one. */
  attempts: number;
  /** What is said of its outcome counts only under this one. */
  epoch: number;
  url: string;
  host: string;
  /** Of the endpoint; what came of the attempt says nothing of a later one. */
  version: number;
  /** As they are kept: the present one, and the one before while it signs as well. */
  secrets: string[];
  /** Whether attempts of this endpoint have failed since anything was delivered. */
  failing: boolean;
}

export interface ClaimQuery {
  limit: number;
  room: Room;
  leaseMs: number;
}

/**
 * What each endpoint has to send next, due or not: of an ordered one the first of its queue, of the others the first few
 * by the time they are due. The endpoints are found by jumping from one to the next in the index, so that a backlog of
 * any length costs one look; hosts and tenants without room are left out. $1 to $3: hosts of tenants and their room, $4:
 * that of other hosts; $5, $6: tenants and theirs, $7: that of other tenants.
 */
const NEXT = `
  RECURSIVE waiting AS (
    (SELECT tenant_id, webhook_id FROM webhook_deliveries WHERE status = 'pending'
       ORDER BY tenant_id, webhook_id LIMIT 1)
    UNION ALL
    SELECT n.tenant_id, n.webhook_id FROM waiting w CROSS JOIN LATERAL (
      SELECT tenant_id, webhook_id FROM webhook_deliveries
        WHERE status = 'pending' AND (tenant_id, webhook_id) > (w.tenant_id, w.webhook_id)
        ORDER BY tenant_id, webhook_id LIMIT 1) n
  ), next AS (
    SELECT d.tenant_id, d.webhook_id, d.id, d.due_at, w.host,
        coalesce(h.free, $4::int) AS free, coalesce(t.free, $7::int) AS free_of_tenant
      FROM waiting
        JOIN webhooks w ON w.tenant_id = waiting.tenant_id AND w.id = waiting.webhook_id AND w.enabled
        LEFT JOIN unnest($1::uuid[], $2::text[], $3::int[]) h(tenant_id, host, free)
          ON h.tenant_id = w.tenant_id AND h.host = w.host
        LEFT JOIN unnest($5::uuid[], $6::int[]) t(tenant_id, free) ON t.tenant_id = w.tenant_id
        CROSS JOIN LATERAL (
          (SELECT tenant_id, webhook_id, id, due_at FROM webhook_deliveries
             WHERE tenant_id = w.tenant_id AND webhook_id = w.id AND status = 'pending' AND w.ordered
             ORDER BY position LIMIT 1)
          UNION ALL
          (SELECT tenant_id, webhook_id, id, due_at FROM webhook_deliveries
             WHERE tenant_id = w.tenant_id AND webhook_id = w.id AND status = 'pending' AND NOT w.ordered
             ORDER BY due_at LIMIT $4::int)
        ) d
      WHERE coalesce(h.free, $4::int) > 0 AND coalesce(t.free, $7::int) > 0
  )`;

/** Nodes that may be at the same rows: those that one has locked do not leave the others without any. */
const NODES = 4;

/** Taking deliveries to send, and saying what became of them. */
@Injectable()
export class DispatchRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /**
   * Takes deliveries that are due, those first whose tenants have the fewest requests under way: a free place goes to who
   * has fewer of them, however many slow endpoints another has. Until the lease ends they are not due for others; a node
   * that dies leaves them to whoever comes then. A row is found again by its key: that it is pending is said by
   * `ended_at`, or an index of what is pending would look as good, and all that waits for the endpoint would be looked
   * through for it.
   */
  @Operation()
  async claim({ limit, room, leaseMs }: ClaimQuery): Promise<Claimed[]> {
    return this.query<Claimed>(
      `WITH ${NEXT}, due AS (
         SELECT *, row_number() OVER (PARTITION BY tenant_id, host ORDER BY due_at, id) AS place
           FROM next WHERE due_at <= now()
       ), shared AS (
         SELECT *, $7 - free_of_tenant + row_number() OVER (PARTITION BY tenant_id ORDER BY due_at, id) AS share
           FROM due WHERE place <= free
       ), candidates AS (
         SELECT * FROM shared WHERE share <= $7 ORDER BY share, due_at LIMIT $8 * ${NODES}
       ), claimed AS (
         SELECT d.tenant_id, d.webhook_id, d.id FROM candidates c JOIN webhook_deliveries d
             ON d.tenant_id = c.tenant_id AND d.webhook_id = c.webhook_id AND d.id = c.id
           WHERE d.ended_at IS NULL AND d.due_at <= now()
           ORDER BY c.share, c.due_at LIMIT $8 FOR UPDATE OF d SKIP LOCKED
       )
       UPDATE webhook_deliveries d
         SET due_at = now() + make_interval(secs => $9::int / 1000.0), epoch = d.epoch + 1
         FROM claimed c JOIN webhooks w ON w.tenant_id = c.tenant_id AND w.id = c.webhook_id
         WHERE d.tenant_id = c.tenant_id AND d.webhook_id = c.webhook_id AND d.id = c.id
         RETURNING d.tenant_id AS "tenantId", d.webhook_id AS "webhookId", d.id, d.event_id AS "eventId", d.body,
           d.occurred_at AS "occurredAt", d.attempts, d.epoch, w.url, w.host, w.version,
           w.failing_since IS NOT NULL AS failing,
           CASE WHEN w.previous_secret_until > now() THEN ARRAY[w.secret, w.previous_secret] ELSE ARRAY[w.secret] END
             AS secrets`,
      [...valuesOf(room), limit, leaseMs],
    );
  }

  /** Milliseconds until something is due that there is room for; undefined when nothing waits. */
  @Operation()
  async nextDueIn(room: Room): Promise<number | undefined> {
    const [row] = await this.query<{ ms: number | null }>(
      `WITH ${NEXT} SELECT (extract(epoch FROM min(due_at) - clock_timestamp()) * 1000)::float8 AS ms FROM next`,
      valuesOf(room),
    );
    return row?.ms ?? undefined;
  }

  /** False when the delivery is another node's by now. */
  @Operation()
  async delivered(claimed: Claimed, attempt: DeliveryAttempt): Promise<boolean> {
    return this.conclude(claimed, `status = 'delivered', ended_at = now()`, attempt);
  }

  /** The last attempt failed. False when the delivery is another node's by now. */
  @Operation()
  async died(claimed: Claimed, attempt: DeliveryAttempt): Promise<boolean> {
    return this.conclude(claimed, `status = 'dead', ended_at = now()`, attempt);
  }

  /** To be tried again in so many seconds. False when the delivery is another node's by now. */
  @Operation()
  async retry(claimed: Claimed, attempt: DeliveryAttempt, seconds: number): Promise<boolean> {
    return this.conclude(claimed, 'due_at = now() + make_interval(secs => $6::float8)', attempt, seconds);
  }

  /** Given back without an attempt. */
  @Operation()
  async postpone({ tenantId, webhookId, id, epoch }: Claimed, seconds: number): Promise<void> {
    await this.query(
      `UPDATE webhook_deliveries SET due_at = now() + make_interval(secs => $5::float8)
       WHERE tenant_id = $1 AND webhook_id = $2 AND id = $3 AND epoch = $4 AND status = 'pending'`,
      [tenantId, webhookId, id, epoch, seconds],
    );
  }

  private async conclude(
    claimed: Claimed,
    outcome: string,
    attempt: DeliveryAttempt,
    ...values: number[]
  ): Promise<boolean> {
    const { tenantId, webhookId, id, epoch } = claimed;
    const rows = await this.query(
      `UPDATE webhook_deliveries SET ${outcome}, attempts = attempts + 1,
         history = jsonb_path_query_array(history || $5::jsonb, '$[last - 19 to last]')
       WHERE tenant_id = $1 AND webhook_id = $2 AND id = $3 AND epoch = $4 AND status = 'pending' RETURNING id`,
      [tenantId, webhookId, id, epoch, JSON.stringify([attempt]), ...values],
    );
    return rows.length > 0;
  }
}

/** $1 to $7 of what is next. */
const valuesOf = ({ hosts, perHost, tenants, perTenant }: Room): unknown[] => [
  hosts.map(({ tenantId }) => tenantId),
  hosts.map(({ host }) => host),
  hosts.map(({ free }) => free),
  perHost,
  tenants.map(({ tenantId }) => tenantId),
  tenants.map(({ free }) => free),
  perTenant,
];
