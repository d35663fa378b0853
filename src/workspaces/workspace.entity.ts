import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';

export const WORKSPACE_VISIBILITIES = ['private', 'team', 'public'] as const;
export type WorkspaceVisibility = (typeof WORKSPACE_VISIBILITIES)[number];

/** Only an active workspace takes new work; what is open in another one goes on. */
export const WORKSPACE_STATUSES = ['active', 'inactive', 'archived'] as const;
export type WorkspaceStatus = (typeof WORKSPACE_STATUSES)[number];

/** The name of the workspace that each tenant has from the start: work that names none goes there. */
export const DEFAULT_WORKSPACE = 'default';

/** One row of `workspaces`. */
@Entity('workspaces')
export class Workspace {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) readonly tenantId: string;
  @PrimaryColumn('uuid') readonly id: string;

  /** Unique within the tenant among workspaces that are not deleted. */
  @Column('text') name: string;
  @Column('text', { nullable: true }) description: string | null;
  @Column('text') visibility: WorkspaceVisibility;
  @Column('text') status: WorkspaceStatus;
  @Column('jsonb') labels: Record<string, string>;

  @Column('text', { name: 'created_by' }) readonly createdBy: string;
  @Column('timestamptz', { name: 'created_at' }) readonly createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) readonly updatedAt: Date;
  @Column('timestamptz', { name: 'deleted_at', nullable: true }) readonly deletedAt: Date | null;
  /** Who keeps the workspace for himself; perhaps no longer, for the lock may have run out. */
  @Column('text', { name: 'lock_holder', nullable: true }) readonly lockHolder: string | null;
  /** That of the last lock; 0 before the first. */
  @Column('int', { name: 'lock_token' }) readonly lockToken: number;

  @VersionColumn() readonly version: number;
}
