import { InvalidInput } from '../errors/index.js';
import { textOf } from './foreign.js';

/** A way into a document: its keys, or the same as a JSON Pointer, `['limits', 'a/b']` or `/limits/a~1b` (RFC 6901). */
export type Path = string | readonly string[];

/** The path as a JSON Pointer; the empty one is the whole document. @throws InvalidInput isPath, isString */
export function pointerOf(path: unknown, field = 'path'): string {
  if (Array.isArray(path)) {
    return path.map((key, index) => `/${escaped(textOf(key, `${field}[${index}]`))}`).join('');
  }
  if (typeof path === 'string' && /^(\/|$)/.test(path) && !/~(?![01])/.test(path)) return path;
  throw InvalidInput.of(field, 'isPath', `${field} must be an array of keys or a JSON Pointer such as /limits/day`);
}

export const keysOf = (pointer: string): string[] => pointer.split('/').slice(1).map(unescaped);

/** The pointers that lead to this one, the nearest first, without the whole document. */
export function* above(pointer: string): Generator<string> {
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1))
    yield pointer.slice(0, end);
}

const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');
