import { diff3Merge } from 'node-diff3';

/** Where both sides changed the same and differently: lines of a text, or the value at a path of JSON. */
export interface MergeConflict {
  /** RFC 6901 pointer of the value, or `lines 3-5` of the base. */
  path: string;
  base: string | null;
  ours: string | null;
  theirs: string | null;
}

export interface Merged {
  /** What merges is merged; where it does not, it is ours. */
  content: string;
  conflicts: MergeConflict[];
}

/**
 * How many pairs of equal lines are compared at most: the time grows with them, 2 million take about half a second.
 * Beyond that the texts conflict as wholes.
 */
const MAX_PAIRS = 2_000_000;

/**
 * Three-way merge of texts by lines: what only one side changed is taken from it, what both changed to the same is
 * taken once. The algorithm is diff3 (Khanna, Kunal, Pierce: A Formal Investigation of Diff3, 2007).
 */
export function mergeText(base: string, ours: string, theirs: string): Merged {
  if (ours === theirs || theirs === base) return { content: ours, conflicts: [] };
  if (ours === base) return { content: theirs, conflicts: [] };
  const [b, o, t] = [lines(base), lines(ours), lines(theirs)];
  if (pairs(b, o) + pairs(b, t) > MAX_PAIRS) {
    return { content: ours, conflicts: [{ path: `lines 1-${b.length}`, base, ours, theirs }] };
  }
  const merged: string[] = [];
  const conflicts: MergeConflict[] = [];
  for (const { ok, conflict } of diff3Merge(o, b, t, { excludeFalseConflicts: true })) {
    if (ok) merged.push(...ok);
    if (!conflict) continue;
    const { oIndex, o: was, a: own, b: other } = conflict;
    merged.push(...own);
    const path = `lines ${oIndex + 1}-${oIndex + was.length}`;
    conflicts.push({ path, base: was.join(''), ours: own.join(''), theirs: other.join('') });
  }
  return { content: merged.join(''), conflicts };
}

/** Each with its end, so that joining them gives the text. */
const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Of equal lines, one in each text. */
function pairs(one: readonly string[], other: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const line of one) counts.set(line, (counts.get(line) ?? 0) + 1);
  return other.reduce((sum, line) => sum + (counts.get(line) ?? 0), 0);
}
