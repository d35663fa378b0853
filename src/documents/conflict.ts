import type { Clock } from './operation.js';

/**
 * What becomes of a change that was made from an older version, where it and the newer changes do not merge: it wins,
 * the newer ones stay, or nothing is written. Each time both sides stand in the ledger.
 */
export const STRATEGIES = ['latest_wins', 'merge', 'manual'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const RESOLUTIONS = ['current', 'proposed', 'custom'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** `recorded` ones come from applications, which settle them in the content themselves. */
export type ConflictKind = 'lines' | 'json' | 'title' | 'recorded';

/** Both sides of what did not merge, and what they came from. */
export interface Conflict {
  id: string;
  documentId: string;
  kind: ConflictKind;
  /** RFC 6901 pointer, or lines of the base such as `lines 3-5`. */
  path: string;
  base: string | null;
  /** What the document had. */
  current: string | null;
  /** What somebody wanted it to have. */
  proposed: string | null;
  baseVersion: number | null;
  currentVersion: number | null;
  baseClock: Clock;
  currentClock: Clock;
  proposedClock: Clock;
  /** `custom` for one that an application recorded. */
  strategy: Strategy | 'custom';
  proposedBy: string;
  createdAt: Date;
  /** Null while it is open. */
  resolution: Resolution | null;
  resolvedBy: string | null;
  resolvedAt: Date | null;
}

export type NewConflict = Omit<
  Conflict,
  'id' | 'documentId' | 'createdAt' | 'resolution' | 'resolvedBy' | 'resolvedAt'
> & {
  /** Settled from the start. */
  resolution?: Resolution | undefined;
};
