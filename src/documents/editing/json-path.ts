import { Pointer } from 'rfc6902';
import type { JsonObject, JsonValue } from '../../shared/errors/index.js';
import { formatted } from './merge-json.js';

/** The value at an RFC 6901 pointer in a JSON text; undefined when there is none, or the text is no JSON. */
export function memberAt(text: string, path: string): JsonValue | undefined {
  let value = valueOf(text);
  for (const token of tokensOf(path) ?? []) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined;
    value = (value as JsonObject)[token];
  }
  return value;
}

/** The text with another value there, or without one; undefined when the place is not in an object. */
export function withMember(text: string, path: string, value: JsonValue | undefined): string | undefined {
  const tokens = tokensOf(path);
  const last = tokens?.pop();
  if (!tokens) return undefined;
  if (last === undefined) return formatted(value ?? null, text);
  const root = valueOf(text);
  let parent = root;
  for (const token of tokens) parent = isObject(parent) && Object.hasOwn(parent, token) ? parent[token] : undefined;
  if (!isObject(parent)) return undefined;
  if (value === undefined) Reflect.deleteProperty(parent, last);
  // An assignment to `__proto__` would not make a member.
  else Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  return formatted(root, text);
}

/** Undefined for what is no pointer. */
const tokensOf = (path: string): string[] | undefined =>
  path === '' || path.startsWith('/') ? Pointer.fromJSON(path).tokens.slice(1) : undefined;

function valueOf(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // It was JSON once, or will be.
    return undefined;
  }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
