import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';
import { type LoggedEvent, reviveEvent } from './event.js';
import type { FeedPlace } from './feeds.repository.js';

/** An event that a consumer could not handle and went past. */
export interface ParkedEvent {
  consumer: string;
  feedId: string;
  seq: number;
  /** Null where retention dropped events before the consumer read them; `seq` is then the last of them. */
  event: LoggedEvent | null;
  error: string;
  attempts: number;
  parkedAt: Date;
}

export type ParkedKey = Pick<ParkedEvent, 'consumer' | 'feedId' | 'seq'>;

/** A step of a consumer in one feed, from the cursor it last stored. */
export interface Advance {
  tenantId: string;
  consumer: string;
  feedId: string;
  from: number;
  to: number;
  epoch: number;
}

@Injectable()
export class ConsumersRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** The consumer's cursors in all tenants, in id order. */
  @Operation()
  async cursors(consumer: string, after: FeedPlace | undefined, limit: number): Promise<FeedPlace[]> {
    const rows = await this.query<{ tenant_id: string; feed_id: string; seq: string }>(
      `SELECT tenant_id, feed_id, seq FROM consumers
         WHERE name = $1 AND ($2::uuid IS NULL OR (tenant_id, feed_id) > ($2::uuid, $3::uuid))
         ORDER BY tenant_id, feed_id LIMIT $4`,
      [consumer, after?.tenantId ?? null, after?.feedId ?? null, limit],
    );
    return rows.map((row) => ({ tenantId: row.tenant_id, feedId: row.feed_id, seq: Number(row.seq) }));
  }

  /** Moves a cursor; false when it is not where it was, or another node holds the consumer by now. */
  @Operation()
  async advance({ tenantId, consumer, feedId, from, to, epoch }: Advance): Promise<boolean> {
    const rows = await this.query(
      `INSERT INTO consumers AS c (tenant_id, name, feed_id, seq, epoch) VALUES ($1, $2, $3, $5, $6)
       ON CONFLICT (tenant_id, name, feed_id) DO UPDATE
         SET seq = excluded.seq, epoch = excluded.epoch, updated_at = now()
         WHERE c.seq = $4 AND c.epoch <= excluded.epoch
       RETURNING seq`,
      [tenantId, consumer, feedId, from, to, epoch],
    );
    return rows.length > 0;
  }

  @Operation()
  async park(tenantId: string, parked: Omit<ParkedEvent, 'parkedAt'>): Promise<void> {
    await this.query(
      `INSERT INTO parked_events (tenant_id, consumer, feed_id, seq, event, error, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, consumer, feed_id, seq) DO UPDATE
         SET error = excluded.error, attempts = excluded.attempts, parked_at = now()`,
      [
        tenantId,
        parked.consumer,
        parked.feedId,
        parked.seq,
        parked.event && JSON.stringify(parked.event),
        parked.error,
        parked.attempts,
      ],
    );
  }

  /** In order of consumer, feed and number. */
  @Operation()
  async parked(tenantId: string, after: ParkedKey | undefined, limit: number): Promise<ParkedEvent[]> {
    const rows = await this.query<ParkedRow>(
      `SELECT consumer, feed_id, seq, event, error, attempts, parked_at FROM parked_events
         WHERE tenant_id = $1 AND ($2::text IS NULL OR (consumer, feed_id, seq) > ($2, $3::uuid, $4::bigint))
         ORDER BY consumer, feed_id, seq LIMIT $5`,
      [tenantId, after?.consumer ?? null, after?.feedId ?? null, after?.seq ?? null, limit],
    );
    return rows.map(toParked);
  }

  /** Removes a parked event and answers it. */
  @Operation()
  async unpark(tenantId: string, { consumer, feedId, seq }: ParkedKey): Promise<ParkedEvent | undefined> {
    const rows = await this.query<ParkedRow>(
      `DELETE FROM parked_events WHERE tenant_id = $1 AND consumer = $2 AND feed_id = $3 AND seq = $4
         RETURNING consumer, feed_id, seq, event, error, attempts, parked_at`,
      [tenantId, consumer, feedId, seq],
    );
    return rows.map(toParked)[0];
  }

  @Operation()
  async failedAgain(tenantId: string, { consumer, feedId, seq }: ParkedKey, error: string): Promise<void> {
    await this.query(
      `UPDATE parked_events SET error = $5, attempts = attempts + 1
         WHERE tenant_id = $1 AND consumer = $2 AND feed_id = $3 AND seq = $4`,
      [tenantId, consumer, feedId, seq, error],
    );
  }
}

interface ParkedRow {
  consumer: string;
  feed_id: string;
  seq: string;
  event: Parameters<typeof reviveEvent>[0] | null;
  error: string;
  attempts: number;
  parked_at: Date;
}

const toParked = (row: ParkedRow): ParkedEvent => ({
  consumer: row.consumer,
  feedId: row.feed_id,
  seq: Number(row.seq),
  event: row.event && reviveEvent(row.event),
  error: row.error,
  attempts: row.attempts,
  parkedAt: row.parked_at,
});
