import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { MAX_MEMBERS } from './member.entity.js';

export const PRESENCES = ['online', 'away', 'busy', 'offline'] as const;
export type PresenceStatus = (typeof PRESENCES)[number];

export interface Presence {
  memberId: string;
  status: PresenceStatus;
  /** What the member is busy with. */
  on: { type: string; id: string } | null;
  /** Null for who never said anything. */
  since: Date | null;
  /** Null for who is offline. */
  expiresAt: Date | null;
}

export type NewPresence = Pick<Presence, 'memberId' | 'status' | 'on'>;

/** A presence that was said, and what the feed was told before it. */
export interface SaidPresence extends Presence {
  was: PresenceStatus;
}

/** So long a presence lasts that is not renewed. */
export const PRESENCE_SECONDS = 60;

/** Which members are there. A member's row goes with its membership, by the foreign key. */
@Injectable()
export class PresenceRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Renews or changes a presence; undefined when nothing was said of the member yet. */
  @Operation()
  async renew(tenantId: string, workspaceId: string, presence: NewPresence): Promise<SaidPresence | undefined> {
    const [row] = await this.query<SaidPresence>(
      `UPDATE workspace_presence p SET status = $4, on_type = $5, on_id = $6,
         since = CASE WHEN before.status = $4 THEN p.since ELSE now() END, expires_at = now() + $7 * interval '1 second'
       FROM (SELECT status FROM workspace_presence
         WHERE tenant_id = $1 AND workspace_id = $2 AND member_id = $3 FOR UPDATE) before
       WHERE p.tenant_id = $1 AND p.workspace_id = $2 AND p.member_id = $3
       RETURNING ${COLUMNS}, before.status AS was`,
      valuesOf(tenantId, workspaceId, presence),
    );
    return row;
  }

  /** The first presence of a member; undefined when who says it is none, or has said something meanwhile. */
  @Operation()
  async insert(tenantId: string, workspaceId: string, presence: NewPresence): Promise<SaidPresence | undefined> {
    const [row] = await this.query<SaidPresence>(
      `INSERT INTO workspace_presence AS p (tenant_id, workspace_id, member_id, status, on_type, on_id, expires_at)
         SELECT tenant_id, workspace_id, member_id, $4, $5, $6, now() + $7 * interval '1 second' FROM workspace_members
         WHERE tenant_id = $1 AND workspace_id = $2 AND member_id = $3 FOR KEY SHARE
       ON CONFLICT (tenant_id, workspace_id, member_id) DO NOTHING
       RETURNING ${COLUMNS}, 'offline' AS was`,
      valuesOf(tenantId, workspaceId, presence),
    );
    return row;
  }

  /** Every member; who did not renew a presence in time is offline. */
  @Operation()
  async list(tenantId: string, workspaceId: string): Promise<Presence[]> {
    return this.query<Presence>(
      `SELECT m.member_id AS "memberId", CASE WHEN there THEN p.status ELSE 'offline' END AS status,
         CASE WHEN there AND p.on_type IS NOT NULL THEN json_build_object('type', p.on_type, 'id', p.on_id) END AS "on",
         CASE WHEN there OR p.status = 'offline' THEN p.since ELSE p.expires_at END AS since,
         CASE WHEN there THEN p.expires_at END AS "expiresAt"
       FROM workspace_members m
         LEFT JOIN workspace_presence p USING (tenant_id, workspace_id, member_id)
         CROSS JOIN LATERAL (SELECT p.status <> 'offline' AND p.expires_at > now() AS there) t
       WHERE m.tenant_id = $1 AND m.workspace_id = $2 ORDER BY m.member_id LIMIT $3`,
      [tenantId, workspaceId, MAX_MEMBERS],
    );
  }

  /** Up to `limit` of those who did not renew their presence in time are offline now; their workspaces and they. */
  @Operation()
  async expire(tenantId: string, limit: number): Promise<{ workspaceId: string; memberId: string }[]> {
    return this.query(
      `UPDATE workspace_presence SET status = 'offline', on_type = NULL, on_id = NULL, since = expires_at
       WHERE tenant_id = $1 AND (workspace_id, member_id) IN (
         SELECT workspace_id, member_id FROM workspace_presence
         WHERE tenant_id = $1 AND status <> 'offline' AND expires_at <= now()
         ORDER BY workspace_id, member_id LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING workspace_id AS "workspaceId", member_id AS "memberId"`,
      [tenantId, limit],
    );
  }
}

const COLUMNS = `p.member_id AS "memberId", p.status, p.since,
  CASE WHEN p.on_type IS NOT NULL THEN json_build_object('type', p.on_type, 'id', p.on_id) END AS "on",
  CASE WHEN p.status <> 'offline' THEN p.expires_at END AS "expiresAt"`;

const valuesOf = (tenantId: string, workspaceId: string, { memberId, status, on }: NewPresence): unknown[] => [
  tenantId,
  workspaceId,
  memberId,
  status,
  on?.type ?? null,
  on?.id ?? null,
  PRESENCE_SECONDS,
];
