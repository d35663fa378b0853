import { type Edge, edgesOf, type FinalEnd } from './edges.js';
import type { HistoryEvent } from './history-line.js';

export interface Claim {
  agentId: string;
  epoch: number;
  /** Undefined where the log does not say. */
  kind?: string;
  /** The type of the event that ended it. */
  end?: string;
  progressed?: true;
  /** The number of the event by which it was taken away: its time was over. */
  takenAt?: number;
}

/** What the log says of one task, as far as it was read. */
export interface TaskState {
  readonly feed: string;
  /** False when the log begins after the task's creation. */
  whole: boolean;
  edges: Edge[];
  readonly claims: Map<number, Claim>;
  newestEpoch: number;
  holder?: Claim;
  ended?: FinalEnd;
  deleted?: true;
  /** A final row of it was seen. */
  hasRow?: true;
}

export const FINAL_ENDS: Readonly<Record<string, FinalEnd>> = {
  'task.completed': 'completed',
  'task.failed': 'failed',
  'task.timed_out': 'timeout',
  'task.cancelled': 'cancelled',
};

/** Ends of a lease that leave the task open. */
export const OPEN_ENDS: ReadonlySet<string> = new Set([
  'task.attempt_failed',
  'task.attempt_timed_out',
  'task.released',
  'task.lease_expired',
]);

const TAKEN_AWAY = new Set(['task.lease_expired', 'task.attempt_timed_out', 'task.timed_out']);
const TAKEN_OUTCOMES = new Set(['expired', 'timed_out']);

/** Whether a lease ended because its time was over, and not because its holder said so. */
export const isTakenAway = ({ type, data }: HistoryEvent): boolean =>
  TAKEN_AWAY.has(type) || TAKEN_OUTCOMES.has(String(data?.outcome));

/** `awaiting_input` and the like end nothing; what has failed may still be cancelled, what is over in time may fail. */
const AFTER: Readonly<Record<FinalEnd, readonly FinalEnd[]>> = {
  completed: [],
  cancelled: [],
  failed: ['cancelled'],
  timeout: ['failed', 'cancelled'],
};
export const mayFollow = (before: FinalEnd, end: FinalEnd): boolean => AFTER[before].includes(end);

export const newState = (feed: string, whole: boolean): TaskState => ({
  feed,
  whole,
  edges: [],
  claims: new Map(),
  newestEpoch: 0,
});

/** A task as it was made; an imported one may have ended before. */
export function createdState({ feed, data }: HistoryEvent): TaskState {
  const ended = Object.values(FINAL_ENDS).find((end) => end === data?.status);
  return { ...newState(feed, true), edges: edgesOf(data), ...(ended && { ended }) };
}

/** Who an event speaks of; undefined where nobody holds the task. */
export function claimOf({ data }: HistoryEvent): Claim | undefined {
  if (data?.agentId === undefined || data.agentId === null) return undefined;
  const { agentId, epoch, claimKind } = data;
  return { agentId: String(agentId), epoch: Number(epoch), ...(claimKind != null && { kind: String(claimKind) }) };
}

export const told = (claim: Pick<Claim, 'agentId' | 'epoch'> | undefined): string =>
  claim ? `agent ${claim.agentId} under epoch ${claim.epoch}` : 'nobody';
