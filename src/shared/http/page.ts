import { IsString, MaxLength } from 'class-validator';
import { InvalidInput, isStorableText } from '../errors/index.js';
import { Omittable } from './fields.js';
import { QueryInt } from './query-fields.js';
import { parseTime } from './rfc3339.js';

/** One page of a list. `nextCursor` is the `after` of the next page. */
export interface Page<T> {
  items: T[];
  hasMore: boolean;
  nextCursor: string | null;
  totalCount?: number;
}

const MAX_CURSOR_LENGTH = 2048;

/** The query of every list; lists with filters extend it. */
export class PageQuery {
  /** The nextCursor of the page before. */
  @Omittable()
  @IsString()
  @MaxLength(MAX_CURSOR_LENGTH)
  after?: string;

  /** Items a page. */
  @QueryInt(1, 500, 50)
  limit: number;
}

/** A page out of `limit + 1` rows: the one too many only tells that more follow. */
export function pageOf<T>(rows: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit;
  return { items, hasMore, nextCursor: hasMore && last !== undefined ? cursorOf(last) : null };
}

export type CursorValue = string | number;
export type CursorKind = 'text' | 'number' | 'uuid' | 'timestamp';

const VERSION = 1;

const MATCHES: Readonly<Record<CursorKind, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string' && isStorableText(value),
  number: (value) => Number.isFinite(value),
  uuid: (value) => typeof value === 'string' && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value),
  timestamp: (value) => typeof value === 'string' && parseTime(value) !== undefined,
};

/**
 * A place in a sorted list, opaque to the caller: the sort's name and the last row's sort values, the id at the end.
 * It is not signed. Whoever writes one by hand only chooses where to start reading among rows that are theirs anyway,
 * but the values reach SQL, so each is checked against its kind.
 *
 * Timestamps are RFC 3339. Every column is timestamptz(3), so a Date's `toISOString()` is exactly what the row holds.
 *
 * @example
 * const newestFirst = new KeysetCursor('-createdAt', ['timestamp', 'uuid']);
 * newestFirst.encode([row.createdAt.toISOString(), row.id]);
 * newestFirst.decode(query.after); // → values, or undefined at the start
 */
export class KeysetCursor {
  constructor(
    readonly sort: string,
    private readonly kinds: readonly CursorKind[],
  ) {}

  encode(values: readonly CursorValue[]): string {
    return Buffer.from(JSON.stringify([VERSION, this.sort, ...values])).toString('base64url');
  }

  /** @throws InvalidInput naming `after`, when the cursor is malformed or belongs to another sort */
  decode(cursor: string | undefined): CursorValue[] | undefined {
    if (cursor === undefined) return undefined;
    const [version, sort, ...values] = read(cursor);
    if (version !== VERSION) throw refused('is not a cursor of this list');
    if (sort !== this.sort) throw refused(`is a cursor of another sort; this list is sorted by ${this.sort}`);
    if (values.length !== this.kinds.length || !this.kinds.every((kind, index) => MATCHES[kind](values[index]))) {
      throw refused('does not hold the values of this sort');
    }
    return values as CursorValue[];
  }
}

function read(cursor: string): unknown[] {
  const bytes = Buffer.from(cursor, 'base64url');
  // Buffer skips what is not base64url; only what it writes back the same was a cursor.
  if (cursor.length > MAX_CURSOR_LENGTH || bytes.toString('base64url') !== cursor) throw refused('is malformed');
  try {
    const parts: unknown = JSON.parse(bytes.toString('utf8'));
    if (Array.isArray(parts)) return parts;
  } catch {
    // Not JSON: refused below like anything else that is no cursor.
  }
  throw refused('is malformed');
}

const refused = (why: string): InvalidInput => InvalidInput.of('after', 'isCursor', `after ${why}.`);
