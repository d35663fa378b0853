import { InvalidInput } from './errors.js';

/** Deepest nesting of arrays and objects that is accepted. */
export const MAX_DEPTH = 64;

/** NUL and lone surrogates: characters of a JavaScript string that PostgreSQL's text and jsonb cannot keep. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

export const isStorableText = (text: string): boolean => !UNSTORABLE.test(text);

/**
 * Stands in a parsed value for something its text said and JavaScript cannot keep, such as a number of thirty digits.
 * `assertStorable` refuses it with its path.
 */
export class Unkept {
  constructor(
    readonly rule: string,
    readonly what: string,
  ) {}
}

/** Why a value is refused, and the members and indices that lead to it. */
interface Offence extends Unkept {
  path: (string | number)[];
}

/**
 * Refuses, with the path of the first offender, what could not be kept exactly: NUL characters and lone surrogates in
 * a string or a key, numbers that are not finite, anything JSON has no word for, nesting deeper than `MAX_DEPTH` (a
 * cycle ends there too), and the keys by which a JavaScript prototype is replaced. `undefined` as a member passes, as
 * JSON leaves it out.
 *
 * @param path where the value stands, such as `parameters`; the refusal names `parameters.a[3].b`
 * @throws InvalidInput
 */
export function assertStorable(value: unknown, path = ''): void {
  const offence = offenceIn(value, 0);
  if (!offence) return;

  const place = offence.path.reduce<string>(placeOf, path);
  throw InvalidInput.of(place, offence.rule, `${place === '' ? 'The value' : place} ${offence.what}.`);
}

/** `parent.key` for plain keys and `parent[3]` for indices; any other key is quoted and cut, so that it can be shown. */
export function placeOf(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  if (/^[\w$-]{1,128}$/.test(key)) return parent === '' ? key : `${parent}.${key}`;
  return `${parent}[${JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key)}]`;
}

function offenceIn(value: unknown, depth: number): Offence | undefined {
  switch (typeof value) {
    case 'string':
      return offenceInText(value);
    case 'number':
      return Number.isFinite(value) ? undefined : offence('isExactNumber', 'is not a number that can be kept exactly');
    case 'boolean':
      return undefined;
    case 'object':
      if (value === null) return undefined;
      if (depth >= MAX_DEPTH) return offence('maxDepth', `is nested deeper than ${MAX_DEPTH} levels`);
      return Array.isArray(value) ? offenceInItems(value, depth) : offenceInMembers(value, depth);
    default:
      return offence('isJson', `is of type ${typeof value}, which JSON cannot carry`);
  }
}

function offenceInItems(items: readonly unknown[], depth: number): Offence | undefined {
  for (let index = 0; index < items.length; index++) {
    const found = offenceIn(items[index], depth + 1);
    if (found) return at(index, found);
  }
  return undefined;
}

function offenceInMembers(value: object, depth: number): Offence | undefined {
  if (value instanceof Unkept) return offence(value.rule, value.what);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return offence('isJson', 'is not a plain object');

  for (const [key, member] of Object.entries(value)) {
    const found =
      offenceInText(key) ??
      (poisons(key, member) ? offence('noPrototype', 'would replace a prototype') : undefined) ??
      (member === undefined ? undefined : offenceIn(member, depth + 1));
    if (found) return at(key, found);
  }
  return undefined;
}

function offenceInText(text: string): Offence | undefined {
  const found = UNSTORABLE.exec(text)?.[0];
  if (found === undefined) return undefined;
  return found === '\0'
    ? offence('noNul', 'holds a NUL character')
    : offence('isWellFormed', 'holds half of a surrogate pair');
}

/** `__proto__` anywhere, and `constructor` where it brings a `prototype`: the rule of secure-json-parse. */
const poisons = (key: string, member: unknown): boolean =>
  key === '__proto__' ||
  (key === 'constructor' && typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype'));

const offence = (rule: string, what: string): Offence => ({ rule, what, path: [] });

/** Places are put together on the way back only: paths for every member would double the time of a walk that finds nothing. */
function at(key: string | number, found: Offence): Offence {
  found.path.unshift(key);
  return found;
}
