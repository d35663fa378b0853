import { Injectable } from '@nestjs/common';
import { type Caller, grants } from '../shared/auth/index.js';
import { NotFound } from '../shared/errors/index.js';
import { LocksRepository } from './locks.repository.js';
import { WorkspacesRepository } from './workspaces.repository.js';
import { MembersRepository } from './members.repository.js';
import { mayDo, type Right, RIGHTS_OF_OTHERS, type Role } from './roles.js';
import type { Workspace } from './workspace.entity.js';
import { NotPermitted, WorkspaceLocked, WorkspaceNotActive } from './workspaces.errors.js';

/** What changes the workspace itself, and is refused while another has locked it. */
const WRITES: ReadonlySet<Right> = new Set(['write', 'manage_members', 'manage', 'delete']);

/**
 * Who may do what in a workspace: its members by their roles, the others of the tenant by its visibility, and whoever
 * has the scope `admin` as an owner. While somebody has locked the workspace, nobody else writes to it.
 */
@Injectable()
export class WorkspaceAccess {
  constructor(
    private readonly members: MembersRepository,
    private readonly workspaces: WorkspacesRepository,
    private readonly locks: LocksRepository,
  ) {}

  /**
   * The caller's role; undefined for who is no member. A lock is seen as it stands in `workspace`: who writes has read
   * it inside the transaction, by `getForUpdate`, or calls `assertMayIn`.
   * @throws NotFound when the caller may not know of the workspace
   * @throws NotPermitted, WorkspaceLocked
   */
  async assertMay(caller: Caller, workspace: Workspace, right: Right): Promise<Role | undefined> {
    const role = await this.assertPermitted(caller, workspace, right);
    if (WRITES.has(right)) await this.assertNotLocked(caller, workspace);
    return role;
  }

  /** As `assertMay`, whether the workspace is locked or not. */
  async assertPermitted(caller: Caller, workspace: Workspace, right: Right): Promise<Role | undefined> {
    if (grants(caller.scopes, 'admin')) return 'owner';
    const { tenantId, id, visibility } = workspace;
    const member = await this.members.find(tenantId, id, caller.actorId);
    const others: readonly Right[] = RIGHTS_OF_OTHERS[visibility];
    if (!member && !others.includes('read')) throw new NotFound('workspace', id);
    const may = member ? mayDo(member, right) : others.includes(right);
    if (!may) throw new NotPermitted(workspace, right, member?.role);
    if (member && right !== 'read') await this.members.touchAfterCommit(member);
    return member?.role;
  }

  /**
   * As `assertMay`, of a workspace by its id. Who writes in it, which takes a transaction, finds it active, and until the
   * end of it nobody else locks, archives or deletes the workspace.
   * @throws as `assertMay`, and WorkspaceNotActive
   */
  async assertMayIn(caller: Caller, workspaceId: string, right: Right): Promise<void> {
    const writes = right === 'write';
    const workspace = await this.workspaces[writes ? 'getForWork' : 'get'](caller.tenantId, workspaceId);
    await this.assertMay(caller, workspace, right);
    if (writes && workspace.status !== 'active') throw new WorkspaceNotActive(workspace);
  }

  /** @throws WorkspaceLocked */
  async assertNotLocked({ actorId }: Caller, { tenantId, id, lockHolder }: Workspace): Promise<void> {
    if (lockHolder === null || lockHolder === actorId) return;
    // Whether it has run out is for the database's clock to say.
    const lock = await this.locks.find(tenantId, id);
    if (lock && lock.holder !== actorId) throw new WorkspaceLocked(lock);
  }

  /** The workspaces that the caller may read; undefined for all. */
  async readable({ tenantId, actorId, scopes }: Caller): Promise<string[] | undefined> {
    return grants(scopes, 'admin') ? undefined : this.workspaces.visibleIds(tenantId, actorId);
  }

  /** For what outlives a workspace, as its feed does: of a deleted one, its last members may read it. @throws NotFound */
  async assertMayRead(caller: Caller, workspaceId: string): Promise<void> {
    if (grants(caller.scopes, 'admin')) return;
    const workspace = await this.workspaces.find(caller.tenantId, workspaceId);
    if (workspace) await this.assertMay(caller, workspace, 'read');
    else if (!(await this.members.find(caller.tenantId, workspaceId, caller.actorId))) {
      throw new NotFound('workspace', workspaceId);
    }
  }
}
