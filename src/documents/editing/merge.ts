import { diffArrays } from 'diff';

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
 * Three-way merge of texts by lines: what only one side changed is taken from it, what both changed to the same is
 * taken once. Changes that touch each other conflict. This is diff3 (Khanna, Kunal, Pierce: A Formal Investigation of
 * Diff3, 2007) on Myers' differences.
 */
export function mergeText(base: string, ours: string, theirs: string): Merged {
  if (ours === theirs || theirs === base) return { content: ours, conflicts: [] };
  if (ours === base) return { content: theirs, conflicts: [] };
  const was = lines(base);
  const changes = [
    ...changesBetween(was, lines(ours)).map((change) => ({ ...change, isOurs: true })),
    ...changesBetween(was, lines(theirs)).map((change) => ({ ...change, isOurs: false })),
  ];
  const pieces: string[] = [];
  const conflicts: MergeConflict[] = [];
  let done = 0;
  for (const region of regionsOf(changes)) {
    const { from, to } = region;
    const before = textOf(was, from, to);
    const [own, other] = [sideOf(was, region, true), sideOf(was, region, false)];
    pieces.push(textOf(was, done, from), own === before ? other : own);
    const isConflict = own !== other && own !== before && other !== before;
    if (isConflict) conflicts.push({ path: `lines ${from + 1}-${to}`, base: before, ours: own, theirs: other });
    done = to;
  }
  return { content: pieces.join('') + textOf(was, done, was.length), conflicts };
}

/** What one side made of the base's lines from `from` to before `to`. */
interface Change {
  from: number;
  to: number;
  text: string;
}

type SidedChange = Change & { isOurs: boolean };

/** Changes that overlap or touch each other, in order. */
interface Region {
  from: number;
  to: number;
  changes: SidedChange[];
}

/** Beyond so many changed lines all between the first and the last one count as one change: the time grows with their square. */
const MAX_CHANGED_LINES = 2_000;

function changesBetween(base: readonly string[], other: readonly string[]): Change[] {
  const most = Math.min(base.length, other.length);
  let start = 0;
  while (start < most && base[start] === other[start]) start++;
  let end = 0;
  while (end < most - start && base[base.length - 1 - end] === other[other.length - 1 - end]) end++;
  const [gone, come] = [base.slice(start, base.length - end), other.slice(start, other.length - end)];
  const parts = diffArrays(gone, come, { maxEditLength: MAX_CHANGED_LINES });
  if (!parts) return [{ from: start, to: start + gone.length, text: come.join('') }];

  const changes: Change[] = [];
  let at = start;
  let open: Change | undefined;
  for (const { value, added, removed } of parts) {
    if (!added && !removed) {
      at += value.length;
      open = undefined;
      continue;
    }
    if (!open) changes.push((open = { from: at, to: at, text: '' }));
    if (added) open.text += value.join('');
    else open.to = at += value.length;
  }
  return changes;
}

function regionsOf(changes: readonly SidedChange[]): Region[] {
  const regions: Region[] = [];
  let last: Region | undefined;
  for (const change of changes.toSorted((one, other) => one.from - other.from || one.to - other.to)) {
    if (last && change.from <= last.to) {
      last.changes.push(change);
      last.to = Math.max(last.to, change.to);
    } else regions.push((last = { from: change.from, to: change.to, changes: [change] }));
  }
  return regions;
}

/** What one side has in a region. */
function sideOf(base: readonly string[], { from, to, changes }: Region, isOurs: boolean): string {
  let text = '';
  let done = from;
  for (const change of changes) {
    if (change.isOurs !== isOurs) continue;
    text += textOf(base, done, change.from) + change.text;
    done = change.to;
  }
  return text + textOf(base, done, to);
}

const textOf = (all: readonly string[], from: number, to: number): string => all.slice(from, to).join('');

/** Each with its end, so that joining them gives the text. */
const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
