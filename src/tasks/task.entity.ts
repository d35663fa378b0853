import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import type { TaskStatus } from './task-state.js';

/** From most to least urgent; a task's rank in the database is the index. */
export const PRIORITIES = ['critical', 'high', 'normal', 'low', 'backlog'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const rankOf = (priority: Priority): number => PRIORITIES.indexOf(priority);
const byRank = { to: rankOf, from: (rank: number): Priority | undefined => PRIORITIES[rank] };

/** How far a claim is protected: only a lease of kind `agent` is taken away when it expires. */
export const CLAIM_KINDS = ['agent', 'interactive', 'human'] as const;
export type ClaimKind = (typeof CLAIM_KINDS)[number];

/** One row of `tasks`. Other aggregates are held by id, never as a relation. */
@Entity('tasks')
export class Task {
  @PrimaryColumn('uuid', { name: 'tenant_id' }) readonly tenantId: string;
  @PrimaryColumn('uuid') readonly id: string;
  @Column('uuid', { name: 'workspace_id' }) readonly workspaceId: string;

  @Column('text') readonly type: string;
  @Column('text') title: string;
  @Column('text', { nullable: true }) description: string | null;
  @Column('jsonb') parameters: JsonObject;
  @Column('text') status: TaskStatus;
  @Column('smallint', { transformer: byRank }) priority: Priority;
  @Column('text', { array: true }) tags: string[];
  @Column('jsonb') labels: Record<string, string>;
  /** As `normaliseCapabilities` makes them; an agent must have all of them. */
  @Column('text', { name: 'required_capabilities', array: true }) requiredCapabilities: string[];
  @Column('uuid', { name: 'parent_task_id', nullable: true }) parentTaskId: string | null;
  /** Who is to do it, does it, or did it last. */
  @Column('uuid', { name: 'assigned_to', nullable: true }) assignedTo: string | null;
  @Column('uuid', { name: 'delegated_from', nullable: true }) delegatedFrom: string | null;
  @Column('text', { name: 'created_by' }) readonly createdBy: string;
  /** The id it has in the system it came from. */
  @Column('text', { name: 'external_ref', nullable: true }) externalRef: string | null;
  /** Not to be claimed before. */
  @Column('timestamptz', { name: 'run_at', nullable: true }) runAt: Date | null;
  @Column('timestamptz', { nullable: true }) deadline: Date | null;

  /** How many tasks that block it are not completed; it can be claimed at 0. */
  @Column('int', { name: 'open_blockers' }) readonly openBlockers: number;
  /** When it last became ready; with priority and id it gives the order of claims. */
  @Column('timestamptz', { name: 'ready_at' }) readonly readyAt: Date;
  @Column('int', { name: 'max_attempts' }) maxAttempts: number;
  @Column('int') readonly attempt: number;

  /** Rises with every claim. A write by a claimant carries the epoch it was given; an older one has lost the task. */
  @Column('int') readonly epoch: number;
  @Column('text', { name: 'claim_kind', nullable: true }) readonly claimKind: ClaimKind | null;
  @Column('timestamptz', { name: 'claimed_at', nullable: true }) readonly claimedAt: Date | null;
  @Column('int', { name: 'lease_seconds', nullable: true }) readonly leaseSeconds: number | null;
  @Column('timestamptz', { name: 'lease_expires_at', nullable: true }) readonly leaseExpiresAt: Date | null;

  @Column('timestamptz', { name: 'started_at', nullable: true }) readonly startedAt: Date | null;
  /** When it ended, completed or not. */
  @Column('timestamptz', { name: 'completed_at', nullable: true }) readonly completedAt: Date | null;
  /** Per cent. */
  @Column('smallint') readonly progress: number;
  @Column('text', { name: 'progress_message', nullable: true }) readonly progressMessage: string | null;
  @Column('jsonb', { name: 'partial_result', nullable: true }) readonly partialResult: JsonValue;
  @Column('jsonb', { nullable: true }) readonly result: JsonValue;
  @Column('jsonb', { nullable: true }) readonly error: JsonObject | null;

  @Column('timestamptz', { name: 'created_at' }) readonly createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) readonly updatedAt: Date;
  @Column('timestamptz', { name: 'deleted_at', nullable: true }) readonly deletedAt: Date | null;
  @VersionColumn() readonly version: number;
}

/** What an edge means. `blocks`: the dependant waits until the other is completed. The rest are links. */
export const EDGE_KINDS = ['blocks', 'related', 'parent_child', 'discovered_from'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** A task named by `dependsOn`. */
export interface Dependency {
  taskId: string;
  kind: EdgeKind;
}

/** One row of `task_edges`: `blocked_id` depends on `blocker_id`. */
export interface Edge {
  blockerId: string;
  blockedId: string;
  kind: EdgeKind;
}

/** One ended attempt, or the running one, whose end and outcome are null. */
export interface Attempt {
  epoch: number;
  agentId: string;
  claimKind: ClaimKind;
  claimedAt: Date;
  endedAt: Date | null;
  outcome: 'completed' | 'failed' | 'released' | 'expired' | null;
  error: JsonObject | null;
}
