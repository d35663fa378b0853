import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import type { AgentStatus } from './agent-state.js';

export const AGENT_KINDS = ['agent', 'human', 'service'] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

/** One row of `agents`: a principal that claims work, be it a program, a person or a service. */
@Entity('agents')
export class Agent {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) readonly tenantId: string;
  @PrimaryColumn('uuid') readonly id: string;

  /** Unique within the tenant among agents that are not deleted; registering it again finds the same agent. */
  @Column('text') name: string;
  @Column('text') kind: AgentKind;
  @Column('text') status: AgentStatus;
  /** As `normaliseCapabilities` makes them. */
  @Column('text', { array: true }) capabilities: string[];
  /** How many tasks it holds at once at most; null is no limit. */
  @Column('int', { nullable: true }) capacity: number | null;
  @Column('jsonb') labels: Record<string, string>;

  /** The last heartbeat or registration. A heartbeat changes nothing else, so `version` does not tell of it. */
  @Column('timestamptz', { name: 'last_seen_at' }) readonly lastSeenAt: Date;
  @Column('timestamptz', { name: 'created_at' }) readonly createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) readonly updatedAt: Date;
  @Column('timestamptz', { name: 'deleted_at', nullable: true }) readonly deletedAt: Date | null;
  @VersionColumn() readonly version: number;
}
