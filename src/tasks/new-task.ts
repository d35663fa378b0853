import type { JsonObject } from '../shared/errors/index.js';
import type { RetryPolicy } from './retry-policy.js';
import { type Dependency, type Edge, type Priority, rankOf } from './task.entity.js';
import type { TaskStatus } from './task-state.js';

/** A task as it goes to the database: checked, complete, its id given; times are the database's. */
export interface NewTask {
  id: string;
  workspaceId: string;
  type: string;
  title: string;
  description: string | null;
  parameters: JsonObject;
  priority: Priority;
  tags: string[];
  labels: Record<string, string>;
  requiredCapabilities: string[];
  parentTaskId: string | null;
  assignedTo: string | null;
  createdBy: string;
  externalRef: string | null;
  runAt: Date | null;
  deadline: Date | null;
  maxAttempts: number;
  timeoutSeconds: number;
  retry: RetryPolicy | null;
  dedupeKey: string | null;
  concurrencyKey: string | null;
  dependsOn: Dependency[];
}

/** A task that was finished elsewhere, or is taken over as it stands there. */
export interface ImportedTask extends NewTask {
  status: Extract<TaskStatus, 'pending' | 'completed' | 'cancelled'>;
  createdAt: Date | null;
  completedAt: Date | null;
}

/** The row as `task_create` takes it; names are those of the columns. */
export function rowOf(task: NewTask): JsonObject {
  return {
    id: task.id,
    workspace_id: task.workspaceId,
    type: task.type,
    title: task.title,
    description: task.description,
    parameters: task.parameters,
    priority: rankOf(task.priority),
    tags: task.tags,
    labels: task.labels,
    required_capabilities: task.requiredCapabilities,
    parent_task_id: task.parentTaskId,
    assigned_to: task.assignedTo,
    created_by: task.createdBy,
    external_ref: task.externalRef,
    run_at: task.runAt?.toISOString() ?? null,
    deadline: task.deadline?.toISOString() ?? null,
    max_attempts: task.maxAttempts,
    timeout_seconds: task.timeoutSeconds,
    retry: task.retry && { ...task.retry },
    dedupe_key: task.dedupeKey,
    concurrency_key: task.concurrencyKey,
  };
}

/** Its edges, each once; the parent is one of them. */
export function edgesOf(task: NewTask): Edge[] {
  const dependencies = [...task.dependsOn];
  if (task.parentTaskId) dependencies.push({ ...LINK, taskId: task.parentTaskId, kind: 'parent_child' });
  const unique = new Map(dependencies.map((one) => [`${one.kind} ${one.taskId}`, one]));
  return [...unique.values()].map(({ taskId, ...edge }) => ({ blockerId: taskId, blockedId: task.id, ...edge }));
}
const LINK = { onFailure: 'hold', outcome: null } as const;

/** What it is when it is made. */
export function firstStatus(task: NewTask & Partial<Pick<ImportedTask, 'status'>>): TaskStatus {
  const { status = 'pending', assignedTo } = task;
  return status === 'pending' && assignedTo ? 'assigned' : status;
}

/** The data of its `task.created` event. */
export function createdData(task: NewTask): JsonObject {
  return {
    type: task.type,
    title: task.title,
    status: firstStatus(task),
    priority: task.priority,
    parentTaskId: task.parentTaskId,
    dependsOn: edgesOf(task).map(({ blockerId, kind, onFailure, outcome }) => ({
      taskId: blockerId,
      kind,
      onFailure,
      outcome,
    })),
  };
}

/** Their concurrency keys, each once, sorted. */
export const keysOf = (tasks: readonly NewTask[]): string[] =>
  [...new Set(tasks.flatMap(({ concurrencyKey }) => concurrencyKey ?? []))].sort();
