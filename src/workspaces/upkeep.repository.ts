import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';

/** Looks over all tenants for what is due; what is changed is one tenant's. */
@Injectable()
export class UpkeepRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Tenants in which a presence or a lock ran out that the feed still tells of. */
  @Operation()
  async tenantsWithExpired(): Promise<string[]> {
    const rows = await this.query<{ tenantId: string }>(
      `SELECT tenant_id AS "tenantId" FROM workspace_presence WHERE status <> 'offline' AND expires_at <= now()
       UNION SELECT tenant_id FROM workspaces WHERE lock_holder IS NOT NULL AND lock_expires_at <= now()`,
    );
    return rows.map(({ tenantId }) => tenantId);
  }

  /** Tenants that have activity older than so many days; some of them where there are many. */
  @Operation()
  async tenantsWithOldActivity(days: number): Promise<string[]> {
    const rows = await this.query<{ tenantId: string }>(
      `SELECT DISTINCT tenant_id AS "tenantId"
       FROM (SELECT tenant_id FROM workspace_activity WHERE at < now() - make_interval(days => $1) LIMIT 10000) old`,
      [days],
    );
    return rows.map(({ tenantId }) => tenantId);
  }

  /** Answers how many rows were deleted, at most `limit`. */
  @Operation()
  async deleteOldActivity(tenantId: string, days: number, limit: number): Promise<number> {
    const rows = await this.query(
      `DELETE FROM workspace_activity WHERE tenant_id = $1 AND ctid = ANY(ARRAY(
         SELECT ctid FROM workspace_activity WHERE tenant_id = $1 AND at < now() - make_interval(days => $2) LIMIT $3))
       RETURNING 1`,
      [tenantId, days, limit],
    );
    return rows.length;
  }
}
