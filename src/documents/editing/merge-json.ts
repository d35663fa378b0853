import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../../shared/errors/index.js';
import type { MergeConflict, Merged } from './merge.js';

/**
 * Three-way merge of JSON by path: objects member by member; anything else as a whole, except that lists to which both
 * sides only appended get ours and then theirs. What one side removed and the other left as it was is gone; what one
 * removed and the other changed is a conflict.
 */
export function mergeJson(
  base: JsonValue,
  ours: JsonValue,
  theirs: JsonValue,
): { value: JsonValue; conflicts: MergeConflict[] } {
  const conflicts: MergeConflict[] = [];
  const value = merged(base, ours, theirs, '', conflicts);
  // The whole is never absent: it is there on both sides.
  return { value: value ?? null, conflicts };
}

/**
 * The same of texts; written with the indentation of ours. Both sides are JSON; the base need not be, where the type of
 * the document changed since: then it counts as a string.
 */
export function mergeJsonText(base: string, ours: string, theirs: string): Merged {
  if (ours === theirs || theirs === base) return { content: ours, conflicts: [] };
  if (ours === base) return { content: theirs, conflicts: [] };
  const own = valueOf(ours);
  const { value, conflicts } = mergeJson(baseOf(base), own, valueOf(theirs));
  return { content: isDeepStrictEqual(value, own) ? ours : formatted(value, ours), conflicts };
}

const valueOf = (text: string): JsonValue => (text === '' ? null : (JSON.parse(text) as JsonValue));

function baseOf(text: string): JsonValue {
  try {
    return valueOf(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** JSON text that is indented as `like` is, and ends as it does. */
export function formatted(value: unknown, like: string): string {
  const indent = /\n([ \t]+)\S/.exec(like)?.[1];
  return JSON.stringify(value, null, indent) + (like.endsWith('\n') ? '\n' : '');
}

/** A member that is not there. */
type Maybe = JsonValue | undefined;

function merged(base: Maybe, ours: Maybe, theirs: Maybe, path: string, conflicts: MergeConflict[]): Maybe {
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(theirs, base)) return ours;
  if (isDeepStrictEqual(ours, base)) return theirs;
  if (isObject(ours) && isObject(theirs) && (isObject(base) || base === undefined)) {
    return mergedMembers(base ?? {}, ours, theirs, path, conflicts);
  }
  if (Array.isArray(base) && beginsWith(ours, base) && beginsWith(theirs, base)) {
    return [...ours, ...theirs.slice(base.length)];
  }
  conflicts.push({ path, base: text(base), ours: text(ours), theirs: text(theirs) });
  return ours;
}

function mergedMembers(
  base: JsonObject,
  ours: JsonObject,
  theirs: JsonObject,
  path: string,
  conflicts: MergeConflict[],
): JsonObject {
  const members: [string, JsonValue][] = [];
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const of = (object: JsonObject): Maybe => (Object.hasOwn(object, key) ? object[key] : undefined);
    const member = merged(of(base), of(ours), of(theirs), `${path}/${escaped(key)}`, conflicts);
    if (member !== undefined) members.push([key, member]);
  }
  return Object.fromEntries(members);
}

const isObject = (value: Maybe): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const beginsWith = (value: Maybe, start: readonly JsonValue[]): value is JsonValue[] =>
  Array.isArray(value) && value.length >= start.length && isDeepStrictEqual(value.slice(0, start.length), start);

const text = (value: Maybe): string | null => (value === undefined ? null : JSON.stringify(value));

/** Of RFC 6901. */
const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
