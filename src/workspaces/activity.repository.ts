import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import { KeysetCursor, type Page, pageOf } from '../shared/http/index.js';
import { newId } from '../shared/ids/index.js';

/** What Muster itself records; members record anything else. */
export const OWN_ACTIVITIES = [
  'member_added',
  'member_changed',
  'member_removed',
  'member_joined',
  'lock_forced',
] as const;
export type OwnActivity = (typeof OWN_ACTIVITIES)[number];

/** Something somebody did in a workspace. */
export interface Activity {
  id: string;
  type: string;
  actorId: string;
  details: JsonObject;
  at: Date;
}

export type NewActivity = Pick<Activity, 'type' | 'actorId' | 'details'>;

export interface ActivityFilter {
  actor?: string | undefined;
  /** Any of these. */
  type?: readonly string[] | undefined;
}

const NEWEST_FIRST = new KeysetCursor('-at', ['timestamp', 'uuid']);

/** What was done in workspaces, and by whom. */
@Injectable()
export class ActivityRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** In the caller's transaction, if there is one. */
  @Operation()
  async record(tenantId: string, workspaceId: string, { type, actorId, details }: NewActivity): Promise<Activity> {
    const [row] = await this.query<Activity>(
      `INSERT INTO workspace_activity (tenant_id, workspace_id, id, type, actor_id, details)
       VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
      [tenantId, workspaceId, newId(), type, actorId, JSON.stringify(details)],
    );
    return row as Activity;
  }

  /** Newest first. */
  @Operation()
  async recent(
    tenantId: string,
    workspaceId: string,
    limit: number,
    after?: string,
    { actor, type }: ActivityFilter = {},
  ): Promise<Page<Activity>> {
    const [at, id] = NEWEST_FIRST.decode(after) ?? [];
    const rows = await this.read<Activity>(
      `SELECT ${COLUMNS} FROM workspace_activity
       WHERE tenant_id = $1 AND workspace_id = $2 AND ($3::timestamptz IS NULL OR (at, id) < ($3, $4::uuid))
         AND ($6::text IS NULL OR actor_id = $6) AND ($7::text[] IS NULL OR type = ANY($7))
       ORDER BY at DESC, id DESC LIMIT $5`,
      [tenantId, workspaceId, at ?? null, id ?? null, limit + 1, actor ?? null, type ?? null],
    );
    return pageOf(rows, limit, (last) => NEWEST_FIRST.encode([last.at.toISOString(), last.id]));
  }
}

const COLUMNS = 'id, type, actor_id AS "actorId", details, at';
