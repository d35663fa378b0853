import type { HistoryTask } from './history-line.js';
import { type TaskState, told } from './task-state.js';

const OPEN = new Set(['pending', 'assigned', 'accepted', 'rejected']);
const HELD = new Set(['in_progress', 'awaiting_input']);

/** What is wrong with a task's final row by the log; undefined when nothing is. */
export function rowProblem(row: HistoryTask, state: TaskState, blocked: boolean | undefined): string | undefined {
  const { status, epoch, assignedTo, openBlockers } = row;
  if (epoch !== state.newestEpoch && state.whole)
    return `it has epoch ${epoch}, the newest claim has ${state.newestEpoch}`;
  if (state.ended) return status === state.ended ? undefined : `it is ${status}, and was ${state.ended}`;
  if (state.holder) {
    if (!HELD.has(status)) return `it is ${status}, and ${told(state.holder)} holds it`;
    return assignedTo === state.holder.agentId ? undefined : `it is assigned to ${assignedTo}, not to its holder`;
  }
  if (!OPEN.has(status)) return state.whole ? `it is ${status}, and nothing in the log made it so` : undefined;
  if (blocked === undefined || blocked === openBlockers > 0) return undefined;
  return blocked
    ? 'it has no open blocker, and waits for one'
    : `it has ${openBlockers} open blockers, and waits for none`;
}
