import { Column, Entity, PrimaryColumn, VersionColumn } from 'typeorm';
import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import { type EndStatus, hasEnded, type TaskStatus } from './task-state.js';
import type { RetryPolicy } from './retry-policy.js';

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
  /** It ends as timed out when it is not completed by then. */
  @Column('timestamptz', { nullable: true }) deadline: Date | null;
  /** Among the open tasks of a tenant each key stands once. */
  @Column('text', { name: 'dedupe_key', nullable: true }) readonly dedupeKey: string | null;
  /** Only so many tasks of a key run at once as its limit says. */
  @Column('text', { name: 'concurrency_key', nullable: true }) readonly concurrencyKey: string | null;

  /** How many edges still block it; it can be claimed at 0. */
  @Column('int', { name: 'open_blockers' }) readonly openBlockers: number;
  /** When it became ready or will be: after its blockers, its run_at and the backoff. It gives the order of claims. */
  @Column('timestamptz', { name: 'ready_at' }) readonly readyAt: Date;
  @Column('int', { name: 'max_attempts' }) maxAttempts: number;
  /** How long an attempt may take. */
  @Column('int', { name: 'timeout_seconds' }) timeoutSeconds: number;
  /** Null means the default. */
  @Column('jsonb', { nullable: true }) retry: RetryPolicy | null;
  @Column('int') readonly attempt: number;

  /** Rises with every claim. A write by a claimant carries the epoch it was given; an older one has lost the task. */
  @Column('int') readonly epoch: number;
  @Column('text', { name: 'claim_kind', nullable: true }) readonly claimKind: ClaimKind | null;
  @Column('timestamptz', { name: 'claimed_at', nullable: true }) readonly claimedAt: Date | null;
  @Column('int', { name: 'lease_seconds', nullable: true }) readonly leaseSeconds: number | null;
  @Column('timestamptz', { name: 'lease_expires_at', nullable: true }) readonly leaseExpiresAt: Date | null;
  /** When the attempt is over, lease or not; later by the time it waited for input. */
  @Column('timestamptz', { name: 'timeout_at', nullable: true }) readonly timeoutAt: Date | null;
  /** Since when a claim that is never taken away is past its lease, its timeout or its deadline. */
  @Column('timestamptz', { name: 'overdue_at', nullable: true }) readonly overdueAt: Date | null;
  /** The holder was asked to stop. */
  @Column('timestamptz', { name: 'cancel_requested_at', nullable: true }) readonly cancelRequestedAt: Date | null;
  @Column('text', { name: 'cancel_reason', nullable: true }) readonly cancelReason: string | null;
  /** Since when the holder waits for input, what it asked, and the last input it was given. */
  @Column('timestamptz', { name: 'awaiting_since', nullable: true }) readonly awaitingSince: Date | null;
  @Column('jsonb', { name: 'input_request', nullable: true }) readonly inputRequest: JsonValue;
  @Column('jsonb', { nullable: true }) readonly input: JsonValue;

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

/**
 * What an edge means for the dependant. `blocks`: it waits until the other is completed. `waits_for`: until the other has
 * ended, however. `conditional`: until the other ended as `outcome` says. The rest are links.
 */
export const EDGE_KINDS = ['blocks', 'waits_for', 'conditional', 'related', 'parent_child', 'discovered_from'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

const BLOCKING: ReadonlySet<EdgeKind> = new Set(['blocks', 'waits_for', 'conditional']);
export const isBlocking = (kind: EdgeKind): boolean => BLOCKING.has(kind);

/**
 * What becomes of the dependant when the blocker ends otherwise than the edge needs. `hold`: it waits on, for a retry of
 * the blocker or a change of the edge. `fail`: it fails. `skip`: it is cancelled. `proceed`: the edge blocks no longer.
 */
export const ON_FAILURE = ['hold', 'fail', 'skip', 'proceed'] as const;
export type OnFailure = (typeof ON_FAILURE)[number];

/** A task named by `dependsOn`. */
export interface Dependency {
  taskId: string;
  kind: EdgeKind;
  onFailure: OnFailure;
  /** How the other must end, for `conditional`. */
  outcome: EndStatus | null;
}

/** One row of `task_edges`: `blocked_id` depends on `blocker_id`. */
export interface Edge {
  blockerId: string;
  blockedId: string;
  kind: EdgeKind;
  onFailure: OnFailure;
  outcome: EndStatus | null;
}

/** Whether an edge blocks while its blocker has this status; `task_edge_open` says the same. */
export function blocks({ kind, onFailure, outcome }: Edge, status: TaskStatus): boolean {
  if (!isBlocking(kind)) return false;
  if (!hasEnded(status)) return true;
  if (kind === 'waits_for' || onFailure === 'proceed') return false;
  return status !== (kind === 'blocks' ? 'completed' : outcome);
}

/** An edge as it stands: resolved when it blocks no longer; a link from the beginning. */
export interface StoredEdge extends Edge {
  createdAt: Date;
  resolvedAt: Date | null;
}

/** How an attempt ended. */
export type AttemptOutcome = 'completed' | 'failed' | 'released' | 'expired' | 'timed_out' | 'cancelled';

/** One ended attempt, or the running one, whose end and outcome are null. */
export interface Attempt {
  epoch: number;
  agentId: string;
  claimKind: ClaimKind;
  claimedAt: Date;
  endedAt: Date | null;
  outcome: AttemptOutcome | null;
  error: JsonObject | null;
}
