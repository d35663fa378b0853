import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { WORKSPACE_CHECKS, type WorkspaceCheck } from './workspace-integrity.js';

export interface WorkspaceNumbers {
  now: Date;
  members: { role: string; kind: string; presence: string; count: number }[];
  activities: number;
  activitiesOfLastDay: number;
  stateVersion: number;
  stateBytes: number;
  stateUpdatedAt: Date | null;
  isLocked: boolean;
}

export interface WorkspaceChecked {
  now: Date;
  members: number;
  stateVersions: number;
  activities: number;
}

export interface WorkspaceFinding {
  check: WorkspaceCheck;
  id: string;
  message: string;
}

/** Numbers of one workspace. */
@Injectable()
export class WorkspaceReportsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async numbers(tenantId: string, workspaceId: string): Promise<WorkspaceNumbers> {
    const [row] = await this.query<WorkspaceNumbers>(
      `SELECT date_trunc('milliseconds', now()) AS now,
         (SELECT coalesce(json_agg(m), '[]') FROM (
           SELECT m.role, m.kind, count(*)::int AS count,
             CASE WHEN p.expires_at > now() THEN p.status ELSE 'offline' END AS presence
           FROM workspace_members m LEFT JOIN workspace_presence p USING (tenant_id, workspace_id, member_id)
           WHERE m.tenant_id = $1 AND m.workspace_id = $2 GROUP BY m.role, m.kind, presence) m) AS members,
         a.activities, a."activitiesOfLastDay",
         coalesce(s.state_version, 0) AS "stateVersion", coalesce(s.bytes, 0) AS "stateBytes",
         s.updated_at AS "stateUpdatedAt",
         EXISTS (SELECT FROM workspaces WHERE tenant_id = $1 AND id = $2 AND lock_expires_at > now()) AS "isLocked"
       FROM (SELECT count(*)::int AS activities,
           count(*) FILTER (WHERE at > now() - interval '1 day')::int AS "activitiesOfLastDay"
         FROM workspace_activity WHERE tenant_id = $1 AND workspace_id = $2) a
       LEFT JOIN LATERAL (SELECT state_version, bytes, updated_at FROM workspace_states
         WHERE tenant_id = $1 AND workspace_id = $2 ORDER BY state_version DESC LIMIT 1) s ON true`,
      [tenantId, workspaceId],
    );
    if (!row) throw new Error('a count gave no row');
    return row;
  }

  /** Which of these are members. */
  @Operation()
  async membersAmong(tenantId: string, workspaceId: string, actors: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.query<{ id: string }>(
      `SELECT member_id AS id FROM workspace_members
       WHERE tenant_id = $1 AND workspace_id = $2 AND member_id = ANY($3)`,
      [tenantId, workspaceId, actors],
    );
    return new Set(rows.map(({ id }) => id));
  }

  @Operation()
  async checked(tenantId: string, workspaceId: string): Promise<WorkspaceChecked> {
    const of = (table: string): string =>
      `(SELECT count(*)::int FROM ${table} WHERE tenant_id = $1 AND workspace_id = $2)`;
    const [row] = await this.query<WorkspaceChecked>(
      `SELECT date_trunc('milliseconds', now()) AS now, ${of('workspace_members')} AS members,
         ${of('workspace_states')} AS "stateVersions", ${of('workspace_activity')} AS activities`,
      [tenantId, workspaceId],
    );
    if (!row) throw new Error('a count gave no row');
    return row;
  }

  @Operation()
  async issues(tenantId: string, workspaceId: string): Promise<WorkspaceFinding[]> {
    const found: WorkspaceFinding[] = [];
    for (const check of WORKSPACE_CHECKS) {
      const rows = await this.query<{ id: string; message: string }>(check.sql, [tenantId, workspaceId]);
      found.push(...rows.map(({ id, message }) => ({ check, id, message })));
    }
    return found;
  }
}
