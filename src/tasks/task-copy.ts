import type { JsonValue } from '../shared/errors/index.js';
import { firstStatus, type ImportedTask } from './new-task.js';
import { type Edge, rankOf } from './task.entity.js';

/** Columns of the bulk load, in the order of `taskLine`. */
export const TASK_COLUMNS = [
  'tenant_id, id, workspace_id, type, title, description, parameters, status, priority, tags, labels',
  'required_capabilities, parent_task_id, assigned_to, created_by, external_ref, run_at, deadline, open_blockers',
  'due_at, ready_at, max_attempts, timeout_seconds, retry, dedupe_key, concurrency_key, completed_at, progress',
  'created_at, updated_at',
].join(', ');
export const EDGE_COLUMNS = 'tenant_id, blocker_id, blocked_id, kind, on_failure, outcome, created_at, resolved_at';

/** One line of COPY's text format. `now` is the database's time. */
export function taskLine(tenantId: string, task: ImportedTask, openBlockers: number, now: Date): string {
  const completed = task.status === 'completed';
  const ended = task.status !== 'pending';
  return line([
    tenantId,
    task.id,
    task.workspaceId,
    task.type,
    task.title,
    task.description,
    json(task.parameters),
    firstStatus(task),
    rankOf(task.priority),
    array(task.tags),
    json(task.labels),
    array(task.requiredCapabilities),
    task.parentTaskId,
    task.assignedTo,
    task.createdBy,
    task.externalRef,
    task.runAt,
    task.deadline,
    openBlockers,
    ended ? null : firstLook(task, now),
    task.runAt && task.runAt > now ? task.runAt : now,
    task.maxAttempts,
    task.timeoutSeconds,
    task.retry && json({ ...task.retry }),
    task.dedupeKey,
    task.concurrencyKey,
    ended ? (task.completedAt ?? now) : null,
    completed ? 100 : 0,
    task.createdAt ?? now,
    now,
  ]);
}

/** `resolved` when it does not block, or no longer. */
export function edgeLine(tenantId: string, edge: Edge, resolved: boolean, now: Date): string {
  const { blockerId, blockedId, kind, onFailure, outcome } = edge;
  return line([tenantId, blockerId, blockedId, kind, onFailure, outcome, now, resolved ? now : null]);
}

/** When the sweeper looks at the deadline first: at 75 % of the way. */
function firstLook({ createdAt, deadline }: ImportedTask, now: Date): Date | null {
  if (!deadline) return null;
  const begin = (createdAt ?? now).getTime();
  return new Date(begin + (deadline.getTime() - begin) * 0.75);
}

type Field = string | number | Date | null;

const line = (fields: readonly Field[]): string => `${fields.map(field).join('\t')}\n`;

function field(value: Field): string {
  if (value === null) return '\\N';
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'number') return String(value);
  return value.replace(/[\\\t\n\r]/g, (character) => ESCAPED[character] ?? character);
}
const ESCAPED: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

const json = (value: JsonValue): string => JSON.stringify(value);

/** PostgreSQL's array literal. */
const array = (values: readonly string[]): string =>
  `{${values.map((value) => `"${value.replace(/["\\]/g, (character) => `\\${character}`)}"`).join(',')}}`;
