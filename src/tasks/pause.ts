/** What can be paused: tasks of a workspace, tasks of a type, or claims by an agent. */
export const PAUSE_SCOPES = ['workspace', 'type', 'agent'] as const;
export type PauseScope = (typeof PAUSE_SCOPES)[number];

/** `subject` is the id of the workspace or agent, or the type. */
export interface PauseTarget {
  scope: PauseScope;
  subject: string;
}

/** One row of `task_pauses`. */
export interface Pause extends PauseTarget {
  reason: string | null;
  pausedBy: string;
  pausedAt: Date;
}
