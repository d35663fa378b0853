import type { JsonObject, JsonValue } from '../../shared/errors/index.js';

/** How a task ended for good, in the word that a conditional edge's `outcome` names it by. */
export type FinalEnd = 'completed' | 'failed' | 'cancelled' | 'timeout';

/** A dependency of a task on another, as far as it decides when the task may be claimed. */
export interface Edge {
  blocker: string;
  kind: string;
  onFailure: string;
  outcome: string | null;
  /** When the blocker's end let the dependant go; stays, whatever happens to the blocker later. */
  satisfiedAt?: string;
}

/** The others are links and hold nothing up. */
const GATING = new Set(['blocks', 'waits_for', 'conditional']);

/** What `task.created` says a task depends on. */
export const edgesOf = (data: JsonObject | null): Edge[] =>
  listOf(data?.dependsOn).flatMap((value) => edgeOf(value) ?? []);

/** An edge as `dependsOn` and `task.edge_added` write it; undefined for a link. */
export function edgeOf(value: JsonValue | undefined): Edge | undefined {
  const { taskId, kind = 'blocks', onFailure = 'hold', outcome = null } = (value ?? {}) as JsonObject;
  if (typeof taskId !== 'string' || !GATING.has(String(kind))) return undefined;
  return {
    blocker: taskId,
    kind: String(kind),
    onFailure: String(onFailure),
    outcome: outcome === null ? null : String(outcome),
  };
}

/** Whether this end of its blocker lets the dependant go. */
export function isSatisfiedBy({ kind, onFailure, outcome }: Edge, end: FinalEnd): boolean {
  if (onFailure === 'proceed' || kind === 'waits_for') return true;
  return end === (kind === 'conditional' ? outcome : 'completed');
}

const listOf = (value: JsonValue | undefined): JsonValue[] => (Array.isArray(value) ? value : []);
