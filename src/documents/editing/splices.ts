import { diffLines } from 'diff';

/** At this place of the text before, so many UTF-16 code units go and this text comes. */
export type Splice = readonly [at: number, deleted: number, inserted: string];

/** Beyond so many changed lines the whole middle counts as one change: the time of a diff grows with their square. */
const MAX_CHANGED_LINES = 2_000;

/** What turns one text into another, line by line; in order, not overlapping. */
export function splicesBetween(before: string, after: string): Splice[] {
  if (before === after) return [];
  const [start, end] = frame(before, after);
  const [gone, come] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  if (gone === '' || come === '' || (!gone.includes('\n') && !come.includes('\n'))) return [[start, gone.length, come]];
  const parts = diffLines(gone, come, { maxEditLength: MAX_CHANGED_LINES });
  if (!parts) return [[start, gone.length, come]];

  const splices: [number, number, string][] = [];
  let at = start;
  let open: [number, number, string] | undefined;
  for (const { value, added, removed } of parts) {
    if (!added && !removed) {
      at += value.length;
      open = undefined;
      continue;
    }
    if (!open) splices.push((open = [at, 0, '']));
    if (added) open[2] += value;
    else {
      open[1] += value.length;
      at += value.length;
    }
  }
  return splices;
}

/** @throws RangeError when a splice lies outside of the text or overlaps the one before it */
export function applySplices(text: string, splices: readonly Splice[]): string {
  let result = '';
  let done = 0;
  for (const [at, deleted, inserted] of splices) {
    if (at < done || deleted < 0 || at + deleted > text.length) {
      throw new RangeError(`The splice at ${at} does not fit a text of ${text.length}.`);
    }
    result += text.slice(done, at) + inserted;
    done = at + deleted;
  }
  return result + text.slice(done);
}

/** How much both texts begin and end with, in whole characters: half of a surrogate pair is never left alone. */
function frame(before: string, after: string): [start: number, end: number] {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) start++;
  if (isHighSurrogate(before.charCodeAt(start - 1))) start--;
  let end = 0;
  const last = (text: string, n: number): number => text.charCodeAt(text.length - 1 - n);
  while (end < most - start && last(before, end) === last(after, end)) end++;
  if (end > 0 && isLowSurrogate(before.charCodeAt(before.length - end))) end--;
  return [start, end];
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;
