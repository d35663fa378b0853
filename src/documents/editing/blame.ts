import { applySplices, type Splice } from './splices.js';

/** A change of a text, and who made it. */
export interface Change<By> {
  splices: readonly Splice[];
  by: By;
}

/** A run of characters that one change brought. */
interface Run<By> {
  length: number;
  by: By;
}

/** Lines that stand together and were last touched by the same change; lines count from 1. */
export interface BlamedLines<By> {
  from: number;
  to: number;
  by: By;
}

/**
 * Who brought each line of a text: the last change that touched any of it.
 * @param base the text before the first change, and by whom it is said to be
 * @param newer whether one change came after another
 */
export function blame<By>(
  base: { content: string; by: By },
  changes: readonly Change<By>[],
  newer: (one: By, other: By) => boolean,
): { content: string; lines: BlamedLines<By>[] } {
  let content = base.content;
  let runs: Run<By>[] = content === '' ? [] : [{ length: content.length, by: base.by }];
  for (const { splices, by } of changes) {
    runs = spliced(runs, splices, by);
    content = applySplices(content, splices);
  }
  return { content, lines: byLine(content, runs, newer) };
}

function spliced<By>(runs: readonly Run<By>[], splices: readonly Splice[], by: By): Run<By>[] {
  const result: Run<By>[] = [];
  let [index, used, at] = [0, 0, 0];
  const pass = (length: number, keep: boolean): void => {
    for (let left = length; left > 0;) {
      const run = runs[index];
      if (!run) return;
      const part = Math.min(left, run.length - used);
      if (keep) result.push({ length: part, by: run.by });
      left -= part;
      used += part;
      if (used === run.length) [index, used] = [index + 1, 0];
    }
  };
  for (const [place, deleted, inserted] of splices) {
    pass(place - at, true);
    pass(deleted, false);
    if (inserted !== '') result.push({ length: inserted.length, by });
    at = place + deleted;
  }
  pass(Infinity, true);
  return result;
}

function byLine<By>(
  content: string,
  runs: readonly Run<By>[],
  newer: (one: By, other: By) => boolean,
): BlamedLines<By>[] {
  const lines: BlamedLines<By>[] = [];
  let [index, end] = [0, runs[0]?.length ?? 0];
  for (let [start, line] = [0, 1]; start < content.length; line++) {
    const stop = content.indexOf('\n', start) + 1 || content.length;
    let by = runs[index]?.by as By;
    while (end < stop && index + 1 < runs.length) {
      index++;
      const run = runs[index] as Run<By>;
      end += run.length;
      if (newer(run.by, by) && end - run.length < stop) by = run.by;
    }
    if (end === stop && index + 1 < runs.length) {
      index++;
      end += (runs[index] as Run<By>).length;
    }
    const last = lines.at(-1);
    if (last && last.by === by) last.to = line;
    else lines.push({ from: line, to: line, by });
    start = stop;
  }
  return lines;
}
