export const TASK_STATUSES = [
  'pending',
  'assigned',
  'accepted',
  'rejected',
  'in_progress',
  'awaiting_input',
  'completed',
  'failed',
  'cancelled',
  'timeout',
] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/**
 * What a task may become; the only place that says so. `in_progress → pending` is a release, a lost lease or a failed
 * attempt with attempts left; `failed → pending` and `timeout → pending` are retries asked for.
 */
const TRANSITIONS: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  pending: ['assigned', 'in_progress', 'cancelled'],
  assigned: ['accepted', 'rejected', 'in_progress', 'pending', 'cancelled'],
  accepted: ['in_progress', 'pending', 'cancelled'],
  rejected: ['pending', 'assigned', 'cancelled'],
  in_progress: ['completed', 'failed', 'timeout', 'awaiting_input', 'cancelled', 'pending'],
  awaiting_input: ['in_progress', 'cancelled', 'timeout', 'pending'],
  completed: [],
  failed: ['pending', 'cancelled'],
  timeout: ['pending', 'failed', 'cancelled'],
  cancelled: [],
};

export const allowedFrom = (status: TaskStatus): readonly TaskStatus[] => TRANSITIONS[status];

export const mayBecome = (from: TaskStatus, to: TaskStatus): boolean => TRANSITIONS[from].includes(to);

/** Nothing more will happen to such a task, unless somebody asks for a retry. */
const ENDED: ReadonlySet<TaskStatus> = new Set(['completed', 'failed', 'cancelled', 'timeout']);
export const hasEnded = (status: TaskStatus): boolean => ENDED.has(status);

/** An agent holds such a task under a lease. */
const HELD: ReadonlySet<TaskStatus> = new Set(['in_progress', 'awaiting_input']);
export const isHeld = (status: TaskStatus): boolean => HELD.has(status);
