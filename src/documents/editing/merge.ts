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
export const mergeText = (base: string, ours: string, theirs: string): Merged => merge(base, ours, theirs, LINES);

/** The same, and by words within lines that both sides changed: a paragraph of prose is often one line. */
export const mergeProse = (base: string, ours: string, theirs: string): Merged =>
  merge(base, ours, theirs, { ...LINES, finer: WORDS });

/** Into which pieces texts are cut. */
interface Grain {
  cut: (text: string) => string[];
  /** Beyond so many changed pieces all count as one change: time grows with their square. 1 MiB takes 0.8 s at worst. */
  most: number;
  /** For what conflicts otherwise. */
  finer?: Grain;
}

/** Joined, the pieces of each make the text. */
const LINES: Grain = { cut: (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [], most: 2_000 };
const WORDS: Grain = { cut: (text) => text.match(/\S+\s*|\s+/g) ?? [], most: 60 };

function merge(base: string, ours: string, theirs: string, grain: Grain): Merged {
  if (ours === theirs || theirs === base) return { content: ours, conflicts: [] };
  if (ours === base) return { content: theirs, conflicts: [] };
  const was = grain.cut(base);
  const changes = [
    ...changesBetween(was, ours, grain).map((change) => ({ ...change, isOurs: true })),
    ...changesBetween(was, theirs, grain).map((change) => ({ ...change, isOurs: false })),
  ];
  const pieces: string[] = [];
  const conflicts: MergeConflict[] = [];
  let done = 0;
  for (const region of regionsOf(changes)) {
    const { from, to } = region;
    const before = textOf(was, from, to);
    const [own, other] = [sideOf(was, region, true), sideOf(was, region, false)];
    const text = settled(before, own, other, grain);
    pieces.push(textOf(was, done, from), text ?? own);
    const path = `lines ${from + 1}-${to}`;
    if (text === undefined) conflicts.push({ path, base: before, ours: own, theirs: other });
    done = to;
  }
  return { content: pieces.join('') + textOf(was, done, was.length), conflicts };
}

/** What becomes of a region; undefined where it conflicts. */
function settled(before: string, own: string, other: string, { finer }: Grain): string | undefined {
  if (own === other || other === before) return own;
  if (own === before) return other;
  const merged = finer && merge(before, own, other, finer);
  return merged?.conflicts.length === 0 ? merged.content : undefined;
}

/** What one side made of the base's pieces from `from` to before `to`. */
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

function changesBetween(base: readonly string[], text: string, { cut, most: maxEditLength }: Grain): Change[] {
  const other = cut(text);
  const shorter = Math.min(base.length, other.length);
  let start = 0;
  while (start < shorter && base[start] === other[start]) start++;
  let end = 0;
  while (end < shorter - start && base[base.length - 1 - end] === other[other.length - 1 - end]) end++;
  const [gone, come] = [base.slice(start, base.length - end), other.slice(start, other.length - end)];
  const parts = diffArrays(gone, come, { maxEditLength });
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
