import { Pointer } from 'rfc6902';
import type { JsonObject, JsonValue } from '../../shared/errors/index.js';
import { formatted } from './merge-json.js';

/** The value at an RFC 6901 pointer in a JSON text; undefined when there is none. */
export function memberAt(text: string, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = JSON.parse(text) as JsonValue;
  for (const token of tokensOf(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined;
    value = (value as JsonObject)[token];
  }
  return value;
}

/** The text with another value there, or without one; undefined when the place is not in an object. */
export function withMember(text: string, path: string, value: JsonValue | undefined): string | undefined {
  const tokens = tokensOf(path);
  const last = tokens.pop();
  if (last === undefined) return formatted(value ?? null, text);
  const root = JSON.parse(text) as JsonValue;
  let parent: JsonValue | undefined = root;
  for (const token of tokens) parent = isObject(parent) ? parent[token] : undefined;
  if (!isObject(parent)) return undefined;
  if (value === undefined) Reflect.deleteProperty(parent, last);
  else parent[last] = value;
  return formatted(root, text);
}

const tokensOf = (path: string): string[] => Pointer.fromJSON(path).tokens.slice(1);

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
