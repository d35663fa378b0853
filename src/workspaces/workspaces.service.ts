import { Injectable } from '@nestjs/common';
import { type Caller, grants } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { AlreadyExists, NotFound } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import type { CreateWorkspace, ListWorkspaces, UpdateWorkspace } from './workspace.dto.js';
import { DEFAULT_WORKSPACE, type Workspace } from './workspace.entity.js';
import { MembersRepository, type NewMember } from './members.repository.js';
import { WorkspaceAccess } from './workspace-access.js';
import { WorkspaceQuota } from './workspace-quota.js';
import { DefaultWorkspaceProtected, WorkspaceNotActive } from './workspaces.errors.js';
import {
  workspaceArchived,
  workspaceCreated,
  workspaceDeleted,
  workspacePurged,
  workspaceUpdated,
} from './workspaces.events.js';
import { type WorkspacePatch, WorkspacesRepository } from './workspaces.repository.js';

/** Who made what nobody asked for. */
const SYSTEM = 'muster';

/** The places of shared work. Each has a feed of events of its own, made and kept with it. */
@Injectable()
export class WorkspacesService {
  constructor(
    private readonly workspaces: WorkspacesRepository,
    private readonly members: MembersRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
    private readonly quota: WorkspaceQuota,
  ) {}

  /** @throws QuotaExceeded, AlreadyExists when the tenant has a workspace of that name */
  @Transactional()
  async create(caller: Caller, given: CreateWorkspace): Promise<Workspace> {
    const { tenantId, actorId } = caller;
    await this.quota.take(tenantId);
    const workspace = await this.add(tenantId, actorId, given);
    if (!workspace) throw new AlreadyExists('workspace', given.name);
    const asOwner = { kind: 'service', role: 'owner', permissions: [] } satisfies Partial<NewMember>;
    const owner: NewMember = { ...asOwner, memberId: actorId, addedBy: actorId };
    await this.members.insert(tenantId, workspace.id, owner);
    return workspace;
  }

  /** The tenant's default workspace, made when it is missing. Whoever calls together gets the same one. */
  @Transactional()
  async ensureDefault(tenantId: string): Promise<Workspace> {
    const given = { name: DEFAULT_WORKSPACE, visibility: 'team' } as const;
    const workspace =
      (await this.workspaces.findDefault(tenantId)) ??
      (await this.add(tenantId, SYSTEM, given)) ??
      (await this.workspaces.findDefault(tenantId));
    if (!workspace) throw new NotFound('workspace', DEFAULT_WORKSPACE);
    return workspace;
  }

  /** @throws NotFound */
  async get(caller: Caller, id: string): Promise<Workspace> {
    const workspace = await this.workspaces.get(caller.tenantId, id);
    await this.access.assertMay(caller, workspace, 'read');
    return workspace;
  }

  /**
   * Where new work goes: the workspace named, or the tenant's default one.
   * @throws NotFound, WorkspaceNotActive
   */
  async getForNewWork(tenantId: string, id?: string): Promise<Workspace> {
    const workspace = id === undefined ? await this.getDefault(tenantId) : await this.workspaces.get(tenantId, id);
    if (workspace.status !== 'active') throw new WorkspaceNotActive(workspace);
    return workspace;
  }

  /** Those that the caller may know of. */
  list(caller: Caller, query: Partial<ListWorkspaces> = {}): Promise<Page<Workspace>> {
    const visibleTo = grants(caller.scopes, 'admin') ? undefined : caller.actorId;
    return this.workspaces.list(caller.tenantId, query, visibleTo);
  }

  /**
   * @throws NotFound, NotPermitted, OptimisticLock when the workspace is not at `version`, AlreadyExists when the name is taken,
   * DefaultWorkspaceProtected
   */
  @Transactional()
  async update(caller: Caller, id: string, version: number, changes: UpdateWorkspace): Promise<Workspace> {
    const patch = patchOf(changes);
    const before = await this.workspaces.getForUpdate(caller.tenantId, id);
    await this.access.assertMay(caller, before, 'manage');
    if (isDefault(before) && takesDefaultAway(patch)) throw new DefaultWorkspaceProtected(before);
    const workspace = await this.workspaces.update(caller.tenantId, id, version, patch);
    this.events.append(caller.tenantId, ...workspaceUpdated(caller.actorId, workspace, patch));
    return workspace;
  }

  /**
   * Hides the workspace and frees its name. It takes no new work; tasks that are open in it stay, can be claimed and
   * finished, and go on writing to its feed.
   * @throws NotFound, NotPermitted, DefaultWorkspaceProtected
   */
  @Transactional()
  async delete(caller: Caller, id: string): Promise<void> {
    const before = await this.workspaces.getForUpdate(caller.tenantId, id);
    await this.access.assertMay(caller, before, 'delete');
    if (isDefault(before)) throw new DefaultWorkspaceProtected(before);
    const workspace = await this.workspaces.softDelete(caller.tenantId, id);
    this.events.append(caller.tenantId, ...workspaceDeleted(caller.actorId, workspace));
  }

  /** Takes no new work any more. One that is archived stays as it is. @throws as `update` */
  archive(caller: Caller, id: string): Promise<Workspace> {
    return this.setArchived(caller, id, true);
  }

  /** Takes new work again. One that is not archived stays as it is. @throws as `update` */
  unarchive(caller: Caller, id: string): Promise<Workspace> {
    return this.setArchived(caller, id, false);
  }

  /**
   * Removes for good up to `limit` workspaces that were deleted before this time, the oldest first, with their members,
   * state, activity and presence; their tasks and their feeds stay. Answers which.
   */
  @Transactional()
  async purge({ tenantId, actorId }: Caller, deletedBefore: Date, limit: number): Promise<Workspace[]> {
    const purged = await this.workspaces.purge(tenantId, deletedBefore, limit);
    this.events.append(tenantId, ...purged.map((workspace) => workspacePurged(actorId, workspace)));
    return purged;
  }

  @Transactional()
  private async setArchived(caller: Caller, id: string, archived: boolean): Promise<Workspace> {
    const before = await this.workspaces.getForUpdate(caller.tenantId, id);
    await this.access.assertMay(caller, before, 'manage');
    if (isDefault(before)) throw new DefaultWorkspaceProtected(before);
    if ((before.status === 'archived') === archived) return before;
    const status = archived ? 'archived' : 'active';
    const workspace = await this.workspaces.update(caller.tenantId, id, before.version, { status });
    this.events.append(caller.tenantId, ...workspaceArchived(caller.actorId, workspace, archived));
    return workspace;
  }

  private async getDefault(tenantId: string): Promise<Workspace> {
    return (await this.workspaces.findDefault(tenantId)) ?? this.ensureDefault(tenantId);
  }

  private async add(tenantId: string, createdBy: string, given: CreateWorkspace): Promise<Workspace | undefined> {
    const workspace = await this.workspaces.insert(tenantId, {
      name: given.name,
      description: given.description ?? null,
      visibility: given.visibility ?? 'private',
      labels: given.labels ?? {},
      createdBy,
    });
    if (workspace) this.events.append(tenantId, ...workspaceCreated(createdBy, workspace));
    return workspace;
  }
}

const isDefault = (workspace: Workspace): boolean => workspace.name === DEFAULT_WORKSPACE;

const takesDefaultAway = ({ name = DEFAULT_WORKSPACE, status = 'active' }: WorkspacePatch): boolean =>
  name !== DEFAULT_WORKSPACE || status !== 'active';

function patchOf({ name, description, visibility, status, labels }: UpdateWorkspace): WorkspacePatch {
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(visibility !== undefined && { visibility }),
    ...(status !== undefined && { status }),
    ...(labels !== undefined && { labels }),
  };
}
