import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';

/** Who did what, from where: one request that changed something, or that was refused for its credentials. */
export interface AuditEntry {
  /** UUIDv7. */
  readonly id: string;
  readonly actorId: string;
  /** The API key that was used; null for an access token. */
  readonly keyId: string | null;
  /** The method and the route's template: `POST /v1/tasks/:id/complete`. */
  readonly operation: string;
  /** The thing it was about: the path's first id, or the id of what was made. */
  readonly subjectId: string | null;
  /** HTTP status of the answer. */
  readonly status: number;
  /** The problem's code, where it was refused. */
  readonly code: string | null;
  readonly requestId: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
}

export interface AuditRecord extends AuditEntry {
  /** By the database's clock, when the entry was written. */
  readonly time: Date;
}

export interface AuditFilter {
  actorId?: string;
  keyId?: string;
  subjectId?: string;
  operation?: string;
  status?: number;
  /** Inclusive. */
  since?: Date;
  /** Exclusive. */
  until?: Date;
}

/** Where a page begins: the time and id of the last entry of the page before. */
export type AuditPlace = readonly [time: string, id: string];

@Injectable()
export class AuditRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async insert(tenantId: string, entries: readonly AuditEntry[]): Promise<void> {
    const column = <K extends keyof AuditEntry>(name: K): AuditEntry[K][] => entries.map((entry) => entry[name]);
    await this.query(
      `INSERT INTO audit_log AS a (tenant_id, time, id, actor_id, key_id, operation, subject_id, status, code, request_id,
         ip, user_agent)
       SELECT $1, now(), e.* FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::int[], $8::text[],
         $9::text[], $10::text[], $11::text[]) e`,
      [
        tenantId,
        column('id'),
        column('actorId'),
        column('keyId'),
        column('operation'),
        column('subjectId'),
        column('status'),
        column('code'),
        column('requestId'),
        column('ip'),
        column('userAgent'),
      ],
    );
  }

  /** Newest first. A filter that matches little is answered from the index of its time range, so give one. */
  @Operation()
  list(tenantId: string, filter: AuditFilter, after: AuditPlace | undefined, limit: number): Promise<AuditRecord[]> {
    const values: unknown[] = [tenantId];
    const bind = (value: unknown): string => `$${values.push(value)}`;
    const conditions = ['tenant_id = $1'];
    const equal = (column: string, value: unknown): void => {
      if (value !== undefined) conditions.push(`${column} = ${bind(value)}`);
    };
    equal('actor_id', filter.actorId);
    equal('key_id', filter.keyId);
    equal('subject_id', filter.subjectId);
    equal('operation', filter.operation);
    equal('status', filter.status);
    if (filter.since) conditions.push(`time >= ${bind(filter.since)}`);
    if (filter.until) conditions.push(`time < ${bind(filter.until)}`);
    if (after) conditions.push(`(time, id) < (${bind(after[0])}::timestamptz, ${bind(after[1])}::uuid)`);
    return this.read<AuditRecord>(
      `SELECT id, time, actor_id AS "actorId", key_id AS "keyId", operation, subject_id AS "subjectId", status, code,
         request_id AS "requestId", ip, user_agent AS "userAgent"
       FROM audit_log WHERE ${conditions.join(' AND ')} ORDER BY time DESC, id DESC LIMIT ${bind(limit)}`,
      values,
    );
  }

  /** Makes the coming months' partitions and drops those beyond `keepMonths`; answers the dropped ones' names. */
  @Operation()
  async rotate(keepMonths: number): Promise<string[]> {
    await this.query('SELECT ensure_audit_partitions(3)');
    const dropped = await this.query<{ name: string }>('SELECT drop_audit_partitions($1) AS name', [keepMonths]);
    return dropped.map(({ name }) => name);
  }
}
