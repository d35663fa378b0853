import { isDeepStrictEqual } from 'node:util';
import { memberAt } from '../editing/json-path.js';
import type { ContentType } from '../document.entity.js';

/** From a place of a text up to another one, in UTF-16 code units. */
export type Range = readonly [start: number, end: number];

/** A text that sections are looked for in. */
export interface Sectioned {
  contentType: ContentType;
  content: string;
}

/**
 * Whether a document has the section: a JSON Pointer (RFC 6901) in `json`, else the text of an ATX heading, with or
 * without its number signs.
 */
export function hasSection(document: Sectioned, section: string): boolean {
  if (document.contentType !== 'json') return rangeOf(document.content, section) !== undefined;
  return isPointer(section) && memberAt(document.content, section) !== undefined;
}

/** Whether two sections have something in common: one is within the other, or they are the same. */
export function overlap(document: Sectioned, one: string, other: string): boolean {
  if (document.contentType === 'json') return within(one, other) || within(other, one);
  const [a, b] = [rangeOf(document.content, one), rangeOf(document.content, other)];
  // One that is gone is held by its name alone.
  if (!a || !b) return bare(one) === bare(other);
  return a[0] < b[1] && b[0] < a[1];
}

/**
 * Whether a change touches a section: what belongs to it is not the same afterwards, its heading included. One that is
 * gone is touched by nothing.
 */
export function touches({ contentType, content }: Sectioned, after: string, section: string): boolean {
  if (contentType === 'json') return !isDeepStrictEqual(memberAt(content, section), memberAt(after, section));
  const [before, now] = [rangeOf(content, section), rangeOf(after, section)];
  if (!before) return false;
  // A second heading of that name could take the place of the first one, and hand it over to everybody.
  if (countOf(content, section) !== countOf(after, section)) return true;
  return !now || content.slice(...before) !== after.slice(...now);
}

/** From the heading to the next one of its level or above; of two headings with the same text the first one. */
export function rangeOf(content: string, section: string): Range | undefined {
  let found: { start: number; level: number } | undefined;
  for (const { start, level, text } of headings(content)) {
    if (found && level <= found.level) return [found.start, start];
    if (!found && named(section, level, text)) found = { start, level };
  }
  return found && [found.start, content.length];
}

function countOf(content: string, section: string): number {
  return [...headings(content)].filter(({ level, text }) => named(section, level, text)).length;
}

interface Heading {
  start: number;
  level: number;
  text: string;
}

/** ATX headings of CommonMark outside of fenced code. */
function* headings(content: string): Generator<Heading> {
  let fence: string | undefined;
  let start = 0;
  for (const line of content.split('\n')) {
    const [, marker] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence !== undefined) {
      if (marker?.startsWith(fence)) fence = undefined;
    } else if (marker !== undefined) fence = marker;
    else {
      const [opening = '', signs = ''] = /^ {0,3}(#{1,6})(?=\s|$)/.exec(line) ?? [];
      if (signs !== '') yield { start, level: signs.length, text: words(line.slice(opening.length)) };
    }
    start += line.length + 1;
  }
}

/** Without the number signs that may close it. By hand: one expression for all of it takes the square of the line. */
function words(text: string): string {
  const whole = text.trim();
  let end = whole.length;
  while (whole[end - 1] === '#') end--;
  const isClosed = end < whole.length && (end === 0 || /\s/.test(whole[end - 1] ?? ''));
  return isClosed ? whole.slice(0, end).trimEnd() : whole;
}

function named(section: string, level: number, text: string): boolean {
  const [, signs] = /^(#{1,6}) /.exec(section) ?? [];
  return bare(section) === text && (signs === undefined || signs.length === level);
}

const bare = (section: string): string => section.replace(/^#{1,6} /, '').trim();

const isPointer = (section: string): boolean => section === '' || section.startsWith('/');

const within = (one: string, other: string): boolean => one === other || one.startsWith(`${other}/`);
