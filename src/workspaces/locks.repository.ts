import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { WorkspacesRepository } from './workspaces.repository.js';

/** A workspace that one keeps for himself for a while. */
export interface WorkspaceLock {
  workspaceId: string;
  /** An agent's id, a key's id or an OIDC subject. */
  holder: string;
  /** Rises with each new holder. */
  token: number;
  reason: string | null;
  since: Date;
  expiresAt: Date;
  /** Until it ends, by the database's clock. */
  secondsLeft: number;
}

type Wish = Pick<WorkspaceLock, 'holder' | 'reason'> & { seconds: number };

/** Locks stand in the row of their workspace, so whoever reads it for a change has seen them. */
@Injectable()
export class LocksRepository extends AggregateRepository {
  constructor(
    persistence: Persistence,
    private readonly workspaces: WorkspacesRepository,
  ) {
    super(persistence);
  }

  /** The lock, unless it has run out. */
  @Operation()
  async find(tenantId: string, workspaceId: string): Promise<WorkspaceLock | undefined> {
    const [row] = await this.query<WorkspaceLock>(
      `SELECT ${COLUMNS} FROM workspaces WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND ${LIVE}`,
      [tenantId, workspaceId],
    );
    return row;
  }

  /** Takes what is free or has run out, with a new token, or renews one's own; undefined when another holds it. */
  @Operation()
  async take(tenantId: string, workspaceId: string, wish: Wish): Promise<WorkspaceLock | undefined> {
    const { holder, seconds, reason } = wish;
    const own = `lock_holder = $3 AND ${LIVE}`;
    return this.changed(
      tenantId,
      await this.query<WorkspaceLock>(
        `UPDATE workspaces SET lock_holder = $3, lock_reason = $5, lock_expires_at = ${NOW} + $4 * interval '1 second',
           lock_token = lock_token + CASE WHEN ${own} THEN 0 ELSE 1 END,
           locked_at = CASE WHEN ${own} THEN locked_at ELSE ${NOW} END
         WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND ((${LIVE}) IS NOT TRUE OR lock_holder = $3)
         RETURNING ${COLUMNS}`,
        [tenantId, workspaceId, holder, seconds, reason],
      ),
    );
  }

  /** Undefined when the lock is not the holder's under this token any more. */
  @Operation()
  async renew(
    tenantId: string,
    workspaceId: string,
    { holder, token, seconds }: Pick<WorkspaceLock, 'holder' | 'token'> & { seconds: number },
  ): Promise<WorkspaceLock | undefined> {
    return this.changed(
      tenantId,
      await this.query<WorkspaceLock>(
        `UPDATE workspaces SET lock_expires_at = ${NOW} + $5 * interval '1 second'
         WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND lock_holder = $3 AND lock_token = $4 AND ${LIVE}
         RETURNING ${COLUMNS}`,
        [tenantId, workspaceId, holder, token, seconds],
      ),
    );
  }

  /** What the workspace is free of now: undefined when nobody holds it, or not this holder, or not under this token. */
  @Operation()
  async release(
    tenantId: string,
    workspaceId: string,
    { holder, token }: { holder?: string | undefined; token?: number | undefined } = {},
  ): Promise<WorkspaceLock | undefined> {
    return this.changed(
      tenantId,
      await this.query<WorkspaceLock>(
        `UPDATE workspaces w SET ${FREE}
         FROM (SELECT ${COLUMNS} FROM workspaces WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL AND ${LIVE}
           AND ($3::text IS NULL OR lock_holder = $3) AND ($4::int IS NULL OR lock_token = $4) FOR UPDATE) was
         WHERE w.tenant_id = $1 AND w.id = was."workspaceId" RETURNING was.*`,
        [tenantId, workspaceId, holder ?? null, token ?? null],
      ),
    );
  }

  /** Frees up to `limit` workspaces of the tenant of locks that have run out; answers these. */
  @Operation()
  async expire(tenantId: string, limit: number): Promise<WorkspaceLock[]> {
    const expired = await this.query<WorkspaceLock>(
      `UPDATE workspaces w SET ${FREE}
       FROM (SELECT ${COLUMNS} FROM workspaces WHERE tenant_id = $1 AND lock_holder IS NOT NULL AND NOT (${LIVE})
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) was
       WHERE w.tenant_id = $1 AND w.id = was."workspaceId" RETURNING was.*`,
      [tenantId, limit],
    );
    for (const lock of expired) await this.changed(tenantId, [lock]);
    return expired;
  }

  private async changed(tenantId: string, [lock]: WorkspaceLock[]): Promise<WorkspaceLock | undefined> {
    if (lock) await this.workspaces.forgetAfterCommit(tenantId, lock.workspaceId);
    return lock;
  }
}

/** Not the transaction's time: it may have waited for the row. */
const NOW = 'clock_timestamp()';
const LIVE = `lock_expires_at > ${NOW}`;
const FREE = 'lock_holder = NULL, lock_reason = NULL, locked_at = NULL, lock_expires_at = NULL';
const COLUMNS = `id AS "workspaceId", lock_holder AS holder, lock_token AS token, lock_reason AS reason,
  locked_at AS since, lock_expires_at AS "expiresAt",
  ceil(extract(epoch FROM lock_expires_at - ${NOW}))::int AS "secondsLeft"`;
