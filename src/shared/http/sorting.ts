import { type CursorKind, type CursorValue, KeysetCursor } from './page.js';

/** One thing a list can be sorted by. Neither the expression nor the value is ever null. */
interface SortKey<Row> {
  /** SQL of our own, mostly a column's name. */
  readonly expression: string;
  readonly kind: CursorKind;
  /** What the expression is for a row. */
  readonly value: (row: Row) => CursorValue;
}

/** An order and the page's place in it, as the query builder needs them. */
interface Order<Row> {
  readonly expression: string;
  readonly direction: 'asc' | 'desc';
  /** Sort value and id of the last row of the page before; undefined on the first page. */
  readonly after: readonly CursorValue[] | undefined;
  readonly cursorOf: (last: Row) => string;
}

/** The orders a list offers: `name` ascending, `-name` descending, ties by id. */
export class Sorting<Row extends { readonly id: string }, Name extends string> {
  /** What `sort` may be. */
  readonly names: readonly string[];

  constructor(
    private readonly fallback: NoInfer<Name>,
    private readonly keys: Readonly<Record<Name, SortKey<Row>>>,
  ) {
    this.names = Object.keys(keys).flatMap((name) => [name, `-${name}`]);
  }

  /**
   * An unknown sort counts as the fallback; the doors refuse it before and name those that are known.
   * @throws InvalidInput when `after` is no cursor of this order
   */
  order(sort: string | undefined, after: string | undefined): Order<Row> {
    const name = this.names.find((known) => known === sort) ?? this.fallback;
    const { expression, kind, value } = this.keys[name.replace(/^-/, '') as Name];
    const cursor = new KeysetCursor(name, [kind, 'uuid']);
    return {
      expression,
      direction: name.startsWith('-') ? 'desc' : 'asc',
      after: cursor.decode(after),
      cursorOf: (last) => cursor.encode([value(last), last.id]),
    };
  }
}
