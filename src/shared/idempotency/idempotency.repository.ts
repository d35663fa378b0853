import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';

/** One key of one caller. Another caller's key of the same text is another key. */
export interface KeyOfCaller {
  readonly tenantId: string;
  readonly actorId: string;
  readonly key: string;
}

/** An answer as it went over the wire. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** The text of the body; null when there was none. */
  body: string | null;
}

export interface StoredAnswer extends Answer {
  fingerprint: Buffer;
}

@Injectable()
export class IdempotencyRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /**
   * Marks the key as running until the transaction ends; false when another transaction did. Only a courtesy, so that a
   * repeat is answered at once instead of waiting: the primary key decides, also where the lock is another server's.
   */
  @Operation()
  async announce(of: KeyOfCaller): Promise<boolean> {
    const [row] = await this.query<{ free: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS free', [lockOf(of)]);
    return row?.free === true;
  }

  /** Takes the key for this transaction; false when it has an answer. Waits for a transaction that takes it too. */
  @Operation()
  async take(of: KeyOfCaller, fingerprint: Buffer, keepSeconds: number): Promise<boolean> {
    const rows = await this.query(
      `INSERT INTO idempotency_keys AS k (tenant_id, actor_id, key, fingerprint, expires_at)
       VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second')
       ON CONFLICT (tenant_id, actor_id, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, created_at = excluded.created_at, expires_at = excluded.expires_at
         WHERE k.expires_at <= now()
       RETURNING k.key`,
      [of.tenantId, of.actorId, of.key, fingerprint, keepSeconds],
    );
    return rows.length === 1;
  }

  @Operation()
  async find(of: KeyOfCaller): Promise<StoredAnswer | undefined> {
    const [row] = await this.query<StoredAnswer>(
      `SELECT fingerprint, status, headers, body FROM idempotency_keys
       WHERE tenant_id = $1 AND actor_id = $2 AND key = $3 AND expires_at > now()`,
      [of.tenantId, of.actorId, of.key],
    );
    return row;
  }

  @Operation()
  async store(of: KeyOfCaller, answer: Answer): Promise<void> {
    await this.query(
      `UPDATE idempotency_keys SET status = $4, headers = $5, body = $6
       WHERE tenant_id = $1 AND actor_id = $2 AND key = $3`,
      [of.tenantId, of.actorId, of.key, answer.status, JSON.stringify(answer.headers), answer.body],
    );
  }

  /** Tenants that have expired keys: the one look across tenants, as the deletion goes tenant by tenant. */
  @Operation()
  async tenantsWithExpired(limit: number): Promise<string[]> {
    const rows = await this.query<{ id: string }>(
      `SELECT t.id FROM tenants t
       WHERE EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.tenant_id = t.id AND k.expires_at <= now()) LIMIT $1`,
      [limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Deletes at most `limit` expired keys, passing over those that another node deletes; answers how many. */
  @Operation()
  async deleteExpired(tenantId: string, limit: number): Promise<number> {
    const rows = await this.query(
      // Materialized: the planner may otherwise run the inner query once a row, each time past rows it locked before.
      `WITH due AS MATERIALIZED (
         SELECT actor_id, key FROM idempotency_keys WHERE tenant_id = $1 AND expires_at <= now()
         ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       DELETE FROM idempotency_keys WHERE tenant_id = $1 AND (actor_id, key) IN (SELECT actor_id, key FROM due)
       RETURNING 1 AS one`,
      [tenantId, limit],
    );
    return rows.length;
  }
}

function lockOf({ tenantId, actorId, key }: KeyOfCaller): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([tenantId, actorId, key]))
    .digest();
  return digest.readBigInt64BE(0).toString();
}
