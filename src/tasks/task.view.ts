import type { JsonObject, JsonValue } from '../shared/errors/index.js';
import { AnyJson, type Page, Whole } from '../shared/http/index.js';
import { DEFAULT_RETRY } from './retry-policy.js';
import { type RetryDto } from './task.dto.js';
import type { AttemptOutcome, ClaimKind, EdgeKind, OnFailure, Priority, Task } from './task.entity.js';
import { EndStatus, TaskStatus } from './task-state.js';

/** A task as callers see it. */
export class TaskView {
  id: string;
  workspaceId: string;
  type: string;
  title: string;
  description: string | null;
  parameters: JsonObject;
  status: TaskStatus;
  priority: Priority;
  tags: string[];
  labels: Record<string, string>;
  requiredCapabilities: string[];
  parentTaskId: string | null;
  /** Who is to do it, does it, or did it last. */
  assignedTo: string | null;
  createdBy: string;
  externalRef: string | null;
  runAt: Date | null;
  deadline: Date | null;
  dedupeKey: string | null;
  concurrencyKey: string | null;
  /** How many edges still block it. */
  @Whole()
  openBlockers: number;
  /** When it became ready, or will be. */
  readyAt: Date;
  @Whole()
  maxAttempts: number;
  /** How long an attempt may take. */
  @Whole()
  timeoutSeconds: number;
  retry: RetryDto;
  /** The number of the present attempt, or of the last one. */
  @Whole()
  attempt: number;
  /** Rises with every claim. */
  @Whole()
  epoch: number;
  claimKind: ClaimKind | null;
  claimedAt: Date | null;
  leaseExpiresAt: Date | null;
  /** When the attempt is over, whatever its lease. */
  timeoutAt: Date | null;
  /** Since when a claim that is never taken away is past its lease, timeout or deadline. */
  overdueAt: Date | null;
  /** Since when the holder is asked to stop. */
  cancelRequestedAt: Date | null;
  cancelReason: string | null;
  /** Since when the holder waits for input. */
  awaitingSince: Date | null;
  /** What the holder asked last, and what it was told. */
  @AnyJson()
  inputRequest: JsonValue;
  @AnyJson()
  input: JsonValue;
  startedAt: Date | null;
  /** When it ended, completed or not. */
  completedAt: Date | null;
  /** Per cent. */
  @Whole({ maximum: 100 })
  progress: number;
  progressMessage: string | null;
  @AnyJson()
  partialResult: JsonValue;
  @AnyJson()
  result: JsonValue;
  error: JsonObject | null;
  createdAt: Date;
  updatedAt: Date;
  /** Rises with every change except heartbeats; the ETag. */
  @Whole({ minimum: 1 })
  version: number;

  /** Member by member: leaving the others out by a rest pattern takes 18 µs more. */
  static of(task: Task): TaskView {
    return {
      id: task.id,
      workspaceId: task.workspaceId,
      type: task.type,
      title: task.title,
      description: task.description,
      parameters: task.parameters,
      status: task.status,
      priority: task.priority,
      tags: task.tags,
      labels: task.labels,
      requiredCapabilities: task.requiredCapabilities,
      parentTaskId: task.parentTaskId,
      assignedTo: task.assignedTo,
      createdBy: task.createdBy,
      externalRef: task.externalRef,
      runAt: task.runAt,
      deadline: task.deadline,
      dedupeKey: task.dedupeKey,
      concurrencyKey: task.concurrencyKey,
      openBlockers: task.openBlockers,
      readyAt: task.readyAt,
      maxAttempts: task.maxAttempts,
      timeoutSeconds: task.timeoutSeconds,
      retry: task.retry ?? DEFAULT_RETRY,
      attempt: task.attempt,
      epoch: task.epoch,
      claimKind: task.claimKind,
      claimedAt: task.claimedAt,
      leaseExpiresAt: task.leaseExpiresAt,
      timeoutAt: task.timeoutAt,
      overdueAt: task.overdueAt,
      cancelRequestedAt: task.cancelRequestedAt,
      cancelReason: task.cancelReason,
      awaitingSince: task.awaitingSince,
      inputRequest: task.inputRequest,
      input: task.input,
      startedAt: task.startedAt,
      completedAt: task.completedAt,
      progress: task.progress,
      progressMessage: task.progressMessage,
      partialResult: task.partialResult,
      result: task.result,
      error: task.error,
      createdAt: task.createdAt,
      updatedAt: task.updatedAt,
      version: task.version,
    };
  }
}

export class TaskPage implements Page<TaskView> {
  items: TaskView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
  /** When asked for by `withTotal`. */
  @Whole()
  totalCount?: number;
}

export class TasksByIdView {
  /** In the order asked. */
  items: TaskView[];
  /** Ids that name no task. */
  missing: string[];
}

export class BatchItemView {
  id: string;
  ref?: string;
}

export class BatchView {
  /** In the order given. */
  items: BatchItemView[];
}

export class AttemptView {
  @Whole()
  epoch: number;
  agentId: string;
  claimKind: ClaimKind;
  claimedAt: Date;
  /** Null while it runs. */
  endedAt: Date | null;
  outcome: AttemptOutcome | null;
  error: JsonObject | null;
}

export class AttemptsView {
  items: AttemptView[];
}

export class EdgeView {
  blockerId: string;
  blockedId: string;
  kind: EdgeKind;
  onFailure: OnFailure;
  outcome: EndStatus | null;
  createdAt: Date;
  /** When it ceased to block; a link never does. */
  resolvedAt: Date | null;
}

export class EdgesView {
  items: EdgeView[];
}
