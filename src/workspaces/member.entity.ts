import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import type { Right, Role } from './roles.js';

export const MEMBER_KINDS = ['agent', 'human', 'service'] as const;
export type MemberKind = (typeof MEMBER_KINDS)[number];

/** Members of a workspace at most, and how many of them may be agents. */
export const MAX_MEMBERS = 100;
export const MAX_AGENT_MEMBERS = 50;

/** One row of `workspace_members`. */
@Entity('workspace_members')
export class Member {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) readonly tenantId: string;
  @PrimaryColumn('uuid', { name: 'workspace_id' }) readonly workspaceId: string;
  /** Who acts: an agent's id, a key's id or an OIDC subject, as events name them. */
  @PrimaryColumn('text', { name: 'member_id' }) readonly memberId: string;

  @Column('text') readonly kind: MemberKind;
  @Column('text') role: Role;
  /** Besides what the role may do. */
  @Column('text', { array: true }) permissions: Right[];
  @Column('text', { name: 'added_by' }) readonly addedBy: string;

  @Column('timestamptz', { name: 'joined_at' }) readonly joinedAt: Date;
  @Column('timestamptz', { name: 'last_activity_at' }) readonly lastActivityAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) readonly updatedAt: Date;
  @VersionColumn() readonly version: number;
}
