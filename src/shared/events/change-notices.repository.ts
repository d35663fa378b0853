import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';

/** That a subject changed up to `sequence`, for its feed. */
export interface ChangeNotice {
  tenantId: string;
  eventType: string;
  subjectId: string;
  feedId: string;
  sequence: number;
  actorId: string;
}

@Injectable()
export class ChangeNoticesRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async note({ tenantId, eventType, subjectId, feedId, sequence, actorId }: ChangeNotice): Promise<void> {
    await this.query(
      `INSERT INTO change_notices AS known (tenant_id, subject_id, event_type, feed_id, reached, actor_id)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (tenant_id, subject_id, event_type)
         DO UPDATE SET reached = EXCLUDED.reached, actor_id = EXCLUDED.actor_id WHERE known.reached < EXCLUDED.reached`,
      [tenantId, subjectId, eventType, feedId, sequence, actorId],
    );
  }

  /** Tenants that have some whose feed was not told within `pauseMs`; a hundred at most. */
  @Operation()
  async tenantsDue(eventTypes: readonly string[], pauseMs: number): Promise<string[]> {
    const rows = await this.query<{ id: string }>(
      `SELECT DISTINCT tenant_id AS id FROM change_notices
       WHERE reached > announced AND announced_at <= clock_timestamp() - $2 * interval '1 ms' AND event_type = ANY ($1)
       LIMIT 100`,
      [eventTypes, pauseMs],
    );
    return rows.map(({ id }) => id);
  }

  /** Those whose feed was not told within `pauseMs`, as told from now on; what another node tells meanwhile is left out. */
  @Operation()
  takeDue(tenantId: string, eventTypes: readonly string[], pauseMs: number, limit: number): Promise<ChangeNotice[]> {
    return this.query<ChangeNotice>(
      `WITH due AS (
         SELECT tenant_id, subject_id, event_type FROM change_notices
         WHERE tenant_id = $1 AND reached > announced AND announced_at <= clock_timestamp() - $3 * interval '1 ms'
           AND event_type = ANY ($2)
         ORDER BY announced_at LIMIT $4
         FOR UPDATE SKIP LOCKED)
       UPDATE change_notices n SET announced = n.reached, announced_at = clock_timestamp()
         FROM due
         WHERE (n.tenant_id, n.subject_id, n.event_type) = (due.tenant_id, due.subject_id, due.event_type)
         RETURNING n.tenant_id AS "tenantId", n.event_type AS "eventType", n.subject_id AS "subjectId",
           n.feed_id AS "feedId", n.reached::float8 AS sequence, n.actor_id AS "actorId"`,
      [tenantId, eventTypes, pauseMs, limit],
    );
  }

  /** In how many ms the next one may be told; undefined when none waits. */
  @Operation()
  async nextDueIn(eventTypes: readonly string[], pauseMs: number): Promise<number | undefined> {
    const [row] = await this.query<{ wait: number }>(
      `SELECT (extract(epoch FROM greatest(min(announced_at), clock_timestamp() - $2 * interval '1 ms')
           - clock_timestamp()) * 1000 + $2)::int AS wait
       FROM change_notices WHERE reached > announced AND event_type = ANY ($1)
       HAVING count(*) > 0`,
      [eventTypes, pauseMs],
    );
    return row?.wait;
  }
}
