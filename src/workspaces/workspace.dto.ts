import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import {
  IsLabels,
  IsName,
  IsRfc3339,
  IsWhole,
  Omittable,
  type Page,
  PageQuery,
  QueryList,
  Sorting,
  Whole,
} from '../shared/http/index.js';
import {
  type Workspace,
  WORKSPACE_STATUSES,
  WORKSPACE_VISIBILITIES,
  type WorkspaceStatus,
  type WorkspaceVisibility,
} from './workspace.entity.js';

export const WORKSPACE_SORTING = new Sorting('createdAt', {
  createdAt: { expression: 'created_at', kind: 'timestamp', value: (row: Workspace) => row.createdAt.toISOString() },
  updatedAt: { expression: 'updated_at', kind: 'timestamp', value: (row: Workspace) => row.updatedAt.toISOString() },
  name: { expression: 'name', kind: 'text', value: (row: Workspace) => row.name },
});

const MAX_DESCRIPTION = 10_000;
/** In one call. */
export const MAX_PURGED = 100;

export class CreateWorkspace {
  /** Unique within the tenant. */
  @IsName()
  name: string;

  @IsOptional()
  @IsString()
  @MaxLength(MAX_DESCRIPTION)
  description?: string | null;

  /** Private unless said otherwise. */
  @Omittable()
  @IsIn(WORKSPACE_VISIBILITIES)
  visibility?: WorkspaceVisibility;

  /** Strings by name, for your own use. */
  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;
}

/** What may be changed by PATCH. */
export class UpdateWorkspace {
  /** Unique within the tenant. The default workspace keeps its name. */
  @Omittable()
  @IsName()
  name?: string;

  /** Null clears it. */
  @IsOptional()
  @IsString()
  @MaxLength(MAX_DESCRIPTION)
  description?: string | null;

  @Omittable()
  @IsIn(WORKSPACE_VISIBILITIES)
  visibility?: WorkspaceVisibility;

  /** Only an active workspace takes new work; what is open goes on. The default workspace stays active. */
  @Omittable()
  @IsIn(WORKSPACE_STATUSES)
  status?: WorkspaceStatus;

  /** Replaces all labels. */
  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;
}

export class ListWorkspaces extends PageQuery {
  /** Any of these. */
  @QueryList({ of: WORKSPACE_STATUSES })
  status?: WorkspaceStatus[];

  /** Any of these. */
  @QueryList({ of: WORKSPACE_VISIBILITIES })
  visibility?: WorkspaceVisibility[];

  /** Exactly this name. */
  @Omittable()
  @IsName()
  name?: string;

  /** Who created it: an agent's id, a key's id or an OIDC subject. */
  @Omittable()
  @IsString()
  @MaxLength(256)
  createdBy?: string;

  /** Of which this is a member: an agent's id, a key's id or an OIDC subject. */
  @Omittable()
  @IsString()
  @MaxLength(256)
  member?: string;

  /** Of which this is an owner. */
  @Omittable()
  @IsString()
  @MaxLength(256)
  owner?: string;

  /** Words of the name or the description, or their beginnings; all of them must be there. */
  @Omittable()
  @IsString()
  @MaxLength(200)
  search?: string;

  /** In which something was recorded, or a member did more than read, at this time or later. */
  @Omittable()
  @IsRfc3339()
  activeSince?: Date;

  /** By which field, `-` in front for descending. */
  @Omittable()
  @IsIn(WORKSPACE_SORTING.names)
  sort?: string;
}

export class PurgeWorkspaces {
  /** Those that were deleted before this time. */
  @IsRfc3339()
  deletedBefore: Date;

  /** At most so many, the oldest first. */
  @Omittable()
  @IsWhole(1, MAX_PURGED)
  limit?: number;
}

export class PurgedWorkspaces {
  /** Those that are gone for good. */
  ids: string[];
  /** Whether to ask again: as many were removed as were asked for. */
  hasMore: boolean;
}

/** A workspace as callers see it. */
export class WorkspaceView {
  id: string;
  name: string;
  description: string | null;
  visibility: WorkspaceVisibility;
  /** Only an active workspace takes new work. */
  status: WorkspaceStatus;
  labels: Record<string, string>;
  /** An agent's id, a key's id or an OIDC subject. */
  createdBy: string;
  createdAt: Date;
  updatedAt: Date;
  /** Rises with every change; the ETag. */
  @Whole({ minimum: 1 })
  version: number;

  static of(workspace: Workspace): WorkspaceView {
    const { id, name, description, visibility, status, labels, createdBy, createdAt, updatedAt, version } = workspace;
    return { id, name, description, visibility, status, labels, createdBy, createdAt, updatedAt, version };
  }
}

export class WorkspacePage implements Page<WorkspaceView> {
  items: WorkspaceView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}
