import { Injectable } from '@nestjs/common';
import { type Caller, grants } from '../shared/auth/index.js';
import { NotFound } from '../shared/errors/index.js';
import { WorkspacesRepository } from './workspaces.repository.js';
import { MembersRepository } from './members.repository.js';
import { mayDo, type Right, RIGHTS_OF_OTHERS, type Role } from './roles.js';
import type { Workspace } from './workspace.entity.js';
import { NotPermitted, WorkspaceNotActive } from './workspaces.errors.js';

/**
 * Who may do what in a workspace: its members by their roles, the others of the tenant by its visibility, and whoever
 * has the scope `admin` as an owner.
 */
@Injectable()
export class WorkspaceAccess {
  constructor(
    private readonly members: MembersRepository,
    private readonly workspaces: WorkspacesRepository,
  ) {}

  /**
   * The caller's role; undefined for who is no member.
   * @throws NotFound when the caller may not know of the workspace
   * @throws NotPermitted
   */
  async assertMay(caller: Caller, workspace: Workspace, right: Right): Promise<Role | undefined> {
    if (grants(caller.scopes, 'admin')) return 'owner';
    const { tenantId, id, visibility } = workspace;
    const member = await this.members.find(tenantId, id, caller.actorId);
    const others: readonly Right[] = RIGHTS_OF_OTHERS[visibility];
    if (!member && !others.includes('read')) throw new NotFound('workspace', id);
    const may = member ? mayDo(member, right) : others.includes(right);
    if (!may) throw new NotPermitted(workspace, right, member?.role);
    return member?.role;
  }

  /**
   * As `assertMay`, of a workspace by its id; who writes finds it active.
   * @throws NotFound, NotPermitted, WorkspaceNotActive
   */
  async assertMayIn(caller: Caller, workspaceId: string, right: Right): Promise<void> {
    const workspace = await this.workspaces.get(caller.tenantId, workspaceId);
    await this.assertMay(caller, workspace, right);
    if (right === 'write' && workspace.status !== 'active') throw new WorkspaceNotActive(workspace);
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
