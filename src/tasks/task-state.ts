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

/**
 * What the system may make of a waiting task besides: an edge whose blocker failed fails it, a deadline times it out. It
 * ends so that its own dependants hear of it, and can be retried.
 */
const BY_SYSTEM: Readonly<Partial<Record<TaskStatus, readonly TaskStatus[]>>> = {
  pending: ['failed', 'timeout'],
  assigned: ['failed', 'timeout'],
  accepted: ['failed', 'timeout'],
  rejected: ['failed', 'timeout'],
};

export const allowedFrom = (status: TaskStatus): readonly TaskStatus[] => TRANSITIONS[status];

export const mayBecome = (from: TaskStatus, to: TaskStatus): boolean => TRANSITIONS[from].includes(to);

/** As `mayBecome`, for what happens without anybody asking for it. */
export const mayEndUp = (from: TaskStatus, to: TaskStatus): boolean =>
  mayBecome(from, to) || (BY_SYSTEM[from]?.includes(to) ?? false);

/** Nothing more will happen to such a task, unless somebody asks for a retry. */
export const END_STATUSES = ['completed', 'failed', 'cancelled', 'timeout'] as const;
export type EndStatus = (typeof END_STATUSES)[number];
const ENDED: ReadonlySet<TaskStatus> = new Set(END_STATUSES);
export const hasEnded = (status: TaskStatus): boolean => ENDED.has(status);

/** An agent holds such a task under a lease. */
const HELD: ReadonlySet<TaskStatus> = new Set(['in_progress', 'awaiting_input']);
export const isHeld = (status: TaskStatus): boolean => HELD.has(status);

/** Nobody has begun such a task. */
const WAITING: ReadonlySet<TaskStatus> = new Set(['pending', 'assigned', 'accepted', 'rejected']);
export const isWaiting = (status: TaskStatus): boolean => WAITING.has(status);
