import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { NotFound } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import { ActivityRepository } from './activity.repository.js';
import type { RenewLock, TakeLock } from './lock.dto.js';
import { LocksRepository, type WorkspaceLock } from './locks.repository.js';
import { WorkspaceAccess } from './workspace-access.js';
import { LockLost } from './workspaces.errors.js';
import { workspaceLocked, workspaceUnlocked } from './workspaces.events.js';
import { WorkspacesRepository } from './workspaces.repository.js';

/** Keeps a workspace for one for a while. That others do not write meanwhile is seen to by WorkspaceAccess. */
@Injectable()
export class LocksService {
  constructor(
    private readonly workspaces: WorkspacesRepository,
    private readonly locks: LocksRepository,
    private readonly activity: ActivityRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
  ) {}

  /** Undefined when nobody holds it. @throws NotFound */
  async find(caller: Caller, workspaceId: string): Promise<WorkspaceLock | undefined> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    return this.locks.find(caller.tenantId, workspaceId);
  }

  /** Who holds it already has it for longer, under the same token. @throws NotFound, NotPermitted, WorkspaceLocked */
  @Transactional()
  async take(caller: Caller, workspaceId: string, { seconds, reason }: TakeLock): Promise<WorkspaceLock> {
    const { tenantId, actorId: holder } = caller;
    const workspace = await this.workspaces.getForUpdate(tenantId, workspaceId);
    await this.access.assertMay(caller, workspace, 'write');
    const lock = await this.locks.take(tenantId, workspaceId, { holder, seconds, reason: reason ?? null });
    if (!lock) throw new NotFound('workspace', workspaceId);
    if (lock.token !== workspace.lockToken) this.events.append(tenantId, workspaceLocked(lock));
    return lock;
  }

  /** @throws NotFound, LockLost */
  @Transactional()
  async renew(caller: Caller, workspaceId: string, { token, seconds }: RenewLock): Promise<WorkspaceLock> {
    const { tenantId, actorId: holder } = caller;
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const lock = await this.locks.renew(tenantId, workspaceId, { holder, token, seconds });
    if (!lock) throw await this.whyLost(tenantId, workspaceId, token);
    return lock;
  }

  /** @throws NotFound, LockLost */
  @Transactional()
  async release(caller: Caller, workspaceId: string, token?: number): Promise<void> {
    const { tenantId, actorId: holder } = caller;
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const lock = await this.locks.release(tenantId, workspaceId, { holder, token });
    if (!lock) throw await this.whyLost(tenantId, workspaceId, token ?? null);
    this.events.append(tenantId, workspaceUnlocked(holder, lock, 'released'));
  }

  /** Takes the lock from whoever holds it. @throws NotFound for the workspace and for the lock, NotPermitted */
  @Transactional()
  async forceRelease(caller: Caller, workspaceId: string): Promise<WorkspaceLock> {
    const { tenantId, actorId } = caller;
    const workspace = await this.workspaces.getForUpdate(tenantId, workspaceId);
    await this.access.assertPermitted(caller, workspace, 'manage');
    const lock = await this.locks.release(tenantId, workspaceId);
    if (!lock) throw new NotFound('lock', workspaceId);
    const { holder, token } = lock;
    await this.activity.record(tenantId, workspaceId, { type: 'lock_forced', actorId, details: { holder, token } });
    this.events.append(tenantId, workspaceUnlocked(actorId, lock, 'forced'));
    return lock;
  }

  /** Tells of up to `limit` locks of the tenant that have run out; answers how many. */
  @Transactional()
  async expire(tenantId: string, limit: number): Promise<number> {
    const expired = await this.locks.expire(tenantId, limit);
    this.events.append(tenantId, ...expired.map((lock) => workspaceUnlocked(null, lock, 'expired')));
    return expired.length;
  }

  private async whyLost(tenantId: string, workspaceId: string, token: number | null): Promise<LockLost> {
    return new LockLost(workspaceId, token, await this.locks.find(tenantId, workspaceId));
  }
}
