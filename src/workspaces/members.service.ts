import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { AlreadyExists } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import { ActivityRepository, type OwnActivity } from './activity.repository.js';
import type { AddMember, ListMembers, UpdateMember } from './member.dto.js';
import { MAX_AGENT_MEMBERS, MAX_MEMBERS, type Member, type MemberKind } from './member.entity.js';
import { type MemberPatch, MembersRepository, type NewMember } from './members.repository.js';
import { mayActOn, mayDo, mayGrant, type Right, type Role, ROLE_OF_JOINERS } from './roles.js';
import { WorkspaceAccess } from './workspace-access.js';
import type { Workspace } from './workspace.entity.js';
import { InvitationOnly, LastOwner, NotPermitted, RankTooLow, TooManyMembers } from './workspaces.errors.js';
import { memberAdded, memberChanged, memberRemoved } from './workspaces.events.js';
import { WorkspacesRepository } from './workspaces.repository.js';

/** Who belongs to a workspace, and as what. Every change locks the workspace's row, so rules over several members hold. */
@Injectable()
export class MembersService {
  constructor(
    private readonly workspaces: WorkspacesRepository,
    private readonly members: MembersRepository,
    private readonly activity: ActivityRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
  ) {}

  /** @throws NotFound, NotPermitted, WorkspaceLocked, RankTooLow, TooManyMembers, AlreadyExists */
  @Transactional()
  async add(caller: Caller, workspaceId: string, given: AddMember): Promise<Member> {
    const { workspace, own } = await this.manage(caller, workspaceId);
    if (!mayGrant(own, given.role)) throw new RankTooLow(own, given.role);
    const { kind = 'agent', role, memberId, permissions = [] } = given;
    await this.assertMayGive(caller, workspace, own, permissions);
    if (await this.members.find(caller.tenantId, workspaceId, memberId)) throw new AlreadyExists('member', memberId);
    return this.enter(
      caller,
      workspace,
      { memberId, kind, role, permissions, addedBy: caller.actorId },
      'member_added',
    );
  }

  /**
   * The caller becomes a member of a workspace that is open to all, with just the rights that everybody has there. Who
   * is a member already stays what he is. @throws NotFound, InvitationOnly, WorkspaceLocked, TooManyMembers
   */
  @Transactional()
  async join(caller: Caller, workspaceId: string, kind: MemberKind = 'agent'): Promise<Member> {
    const { tenantId, actorId: memberId } = caller;
    const workspace = await this.workspaces.getForUpdate(tenantId, workspaceId);
    await this.access.assertMay(caller, workspace, 'read');
    const known = await this.members.find(tenantId, workspaceId, memberId);
    if (known) return known;
    const role = ROLE_OF_JOINERS[workspace.visibility];
    if (!role) throw new InvitationOnly(workspaceId);
    await this.access.assertNotLocked(caller, workspace);
    return this.enter(caller, workspace, { memberId, kind, role, permissions: [], addedBy: memberId }, 'member_joined');
  }

  /** @throws NotFound */
  async get(caller: Caller, workspaceId: string, memberId: string): Promise<Member> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    return this.members.get(caller.tenantId, workspaceId, memberId);
  }

  /** In the order in which they joined. @throws NotFound */
  async list(caller: Caller, workspaceId: string, query: Partial<ListMembers> = {}): Promise<Page<Member>> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    return this.members.list(caller.tenantId, workspaceId, query);
  }

  /** @throws NotFound, NotPermitted, RankTooLow, LastOwner, OptimisticLock when the member is not at `version` */
  @Transactional()
  async update(
    caller: Caller,
    workspaceId: string,
    memberId: string,
    version: number,
    { role, permissions }: UpdateMember,
  ): Promise<Member> {
    const { workspace, own } = await this.manage(caller, workspaceId);
    const before = await this.members.get(caller.tenantId, workspaceId, memberId);
    if (!mayActOn(own, before.role)) throw new RankTooLow(own, before.role);
    if (role !== undefined && !mayGrant(own, role)) throw new RankTooLow(own, role);
    await this.assertMayGive(caller, workspace, own, permissions ?? []);
    if (role !== undefined && role !== 'owner') await this.assertOtherOwner(before);
    const patch: MemberPatch = { ...(role !== undefined && { role }), ...(permissions && { permissions }) };
    const member = await this.members.update(caller.tenantId, workspaceId, memberId, version, patch);
    await this.note(caller, workspaceId, 'member_changed', { memberId, ...patch });
    this.events.append(caller.tenantId, memberChanged(caller.actorId, member));
    return member;
  }

  /** Anybody may leave; removing others takes the right to. @throws NotFound, NotPermitted, RankTooLow, LastOwner */
  @Transactional()
  async remove(caller: Caller, workspaceId: string, memberId: string): Promise<void> {
    if (memberId === caller.actorId) {
      const workspace = await this.workspaces.getForUpdate(caller.tenantId, workspaceId);
      // To who may not know of it, it does not say who has locked it.
      await this.access.assertMay(caller, workspace, 'read');
      await this.access.assertNotLocked(caller, workspace);
    } else {
      const { own } = await this.manage(caller, workspaceId);
      const { role } = await this.members.get(caller.tenantId, workspaceId, memberId);
      if (!mayActOn(own, role)) throw new RankTooLow(own, role);
    }
    const member = await this.members.get(caller.tenantId, workspaceId, memberId);
    await this.assertOtherOwner(member);
    await this.members.delete(caller.tenantId, workspaceId, memberId);
    await this.note(caller, workspaceId, 'member_removed', { memberId, role: member.role });
    this.events.append(caller.tenantId, memberRemoved(caller.actorId, member));
  }

  private async enter(
    caller: Caller,
    workspace: Workspace,
    newMember: NewMember,
    activity: 'member_added' | 'member_joined',
  ): Promise<Member> {
    const { memberId, role, kind } = newMember;
    await this.assertRoom(workspace, kind);
    const member = await this.members.insert(caller.tenantId, workspace.id, newMember);
    if (!member) throw new AlreadyExists('member', memberId);
    await this.note(caller, workspace.id, activity, { memberId, role });
    this.events.append(caller.tenantId, memberAdded(caller.actorId, member));
    return member;
  }

  /** Locks the workspace for who may manage its members, and tells as what. */
  private async manage(caller: Caller, workspaceId: string): Promise<{ workspace: Workspace; own: Role }> {
    const workspace = await this.workspaces.getForUpdate(caller.tenantId, workspaceId);
    const own = await this.access.assertMay(caller, workspace, 'manage_members');
    if (!own) throw new NotPermitted(workspace, 'manage_members', undefined);
    return { workspace, own };
  }

  private async assertRoom({ tenantId, id }: Workspace, kind: MemberKind): Promise<void> {
    const { all, agents } = await this.members.counts(tenantId, id);
    if (all >= MAX_MEMBERS) throw new TooManyMembers(id, 'members', MAX_MEMBERS);
    if (kind === 'agent' && agents >= MAX_AGENT_MEMBERS) throw new TooManyMembers(id, 'agents', MAX_AGENT_MEMBERS);
  }

  /** Nobody hands on a right that he does not have. */
  private async assertMayGive(caller: Caller, workspace: Workspace, own: Role, given: readonly Right[]): Promise<void> {
    if (given.length === 0) return;
    const { permissions = [] } = (await this.members.find(caller.tenantId, workspace.id, caller.actorId)) ?? {};
    const denied = given.find((right) => !mayDo({ role: own, permissions }, right));
    if (denied) throw new NotPermitted(workspace, denied, own);
  }

  private async assertOtherOwner({ tenantId, workspaceId, memberId, role }: Member): Promise<void> {
    if (role !== 'owner') return;
    const { owners } = await this.members.counts(tenantId, workspaceId);
    if (owners < 2) throw new LastOwner(workspaceId, memberId);
  }

  private async note(
    caller: Caller,
    workspaceId: string,
    type: OwnActivity,
    details: MemberPatch & { memberId: string },
  ) {
    await this.activity.record(caller.tenantId, workspaceId, { type, actorId: caller.actorId, details });
  }
}
