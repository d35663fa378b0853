import { InvalidInput } from '../errors/index.js';
import { assertFewReplicas, byReplica, itemsOf, wholeOf } from './foreign.js';
import { VectorClock } from './vector-clock.js';

/** Operations of one replica, first and last included. */
export type Range = [first: number, last: number];

/** An operation: the `counter`-th of `replica`, counted from 1. */
export interface Dot {
  replica: string;
  counter: number;
}

/**
 * The operations whose effect is known, be it that it was taken over or that it was removed again. As ranges, so that
 * it stays small where nothing is missing, and still says exactly what is. Never changed in place.
 *
 * "Causal context" in P. S. Almeida, A. Shoker, C. Baquero, "Delta State Replicated Data Types", J. Parallel Distrib.
 * Comput. 111, 2018.
 */
export class CausalContext {
  /** Of each replica in order, with a gap between any two. */
  private constructor(private readonly ranges: ReadonlyMap<string, readonly Range[]> = new Map()) {}

  static readonly EMPTY = new CausalContext();

  static of(dots: Iterable<Dot>): CausalContext {
    const found = new Map<string, Range[]>();
    for (const { replica, counter } of dots) {
      const ranges = found.get(replica);
      if (ranges) ranges.push([counter, counter]);
      else found.set(replica, [[counter, counter]]);
    }
    return CausalContext.EMPTY.union(new CausalContext(found));
  }

  /**
   * Reads `{"ada": [[1, 7], [9, 9]]}`, in any order.
   * @throws InvalidInput isObject, maxReplicas, isReplica, isArray, isWhole, isRange
   */
  static fromJSON(value: unknown, field = 'context'): CausalContext {
    const ranges = byReplica(value, field, (list, place) =>
      itemsOf(list, place).map((pair, index) => rangeOf(pair, `${place}[${index}]`)),
    );
    return CausalContext.EMPTY.union(new CausalContext(ranges));
  }

  get replicas(): Iterable<string> {
    return this.ranges.keys();
  }

  has(replica: string, counter: number): boolean {
    const ranges = this.ranges.get(replica) ?? [];
    let [low, high] = [0, ranges.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last] = ranges[middle] ?? [0, 0];
      if (counter < first) high = middle - 1;
      else if (counter > last) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** How many operations of the replica are known. */
  count(replica: string): number {
    return (this.ranges.get(replica) ?? []).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  *counters(replica: string): Generator<number> {
    for (const [first, last] of this.ranges.get(replica) ?? []) {
      for (let counter = first; counter <= last; counter++) yield counter;
    }
  }

  /** The last operation of the replica that is known, 0 when none is. */
  last(replica: string): number {
    return this.ranges.get(replica)?.at(-1)?.[1] ?? 0;
  }

  /** @throws InvalidInput maxReplicas */
  union(other: CausalContext): CausalContext {
    const all = new Map(this.ranges);
    for (const [replica, ranges] of other.ranges) {
      if (ranges.length > 0) all.set(replica, joined([...(all.get(replica) ?? []), ...ranges]));
    }
    assertFewReplicas(all.size, 'context');
    return new CausalContext(all);
  }

  without(other: CausalContext): CausalContext {
    const left = new Map<string, Range[]>();
    for (const [replica, ranges] of this.ranges) {
      const rest = difference(ranges, other.ranges.get(replica) ?? []);
      if (rest.length > 0) left.set(replica, rest);
    }
    return new CausalContext(left);
  }

  /** Up to where nothing of a replica is missing. */
  clock(): VectorClock {
    return new VectorClock(
      [...this.ranges].map(([replica, [range]]) => [replica, range?.[0] === 1 ? range[1] : 0] as const),
    );
  }

  /** Replicas in the order of their names, so that equal contexts have equal texts. */
  toJSON(): Record<string, Range[]> {
    const replicas = [...this.ranges].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(replicas.map(([replica, ranges]) => [replica, ranges.map((range): Range => [...range])]));
  }
}

function rangeOf(value: unknown, field: string): Range {
  const [first, last, ...more] = itemsOf(value, field);
  const range: Range = [wholeOf(first, `${field}[0]`, 1), wholeOf(last, `${field}[1]`, 1)];
  if (range[0] <= range[1] && more.length === 0) return range;
  throw InvalidInput.of(field, 'isRange', `${field} must be [first, last]`);
}

/** Sorting is linear where both halves are sorted already. */
function joined(ranges: Range[]): Range[] {
  const all: Range[] = [];
  for (const [first, last] of ranges.sort(([a], [b]) => a - b)) {
    const before = all.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else all.push([first, last]);
  }
  return all;
}

function difference(ranges: readonly Range[], taken: readonly Range[]): Range[] {
  const left: Range[] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    let from = first;
    while ((taken[next]?.[1] ?? Infinity) < first) next++;
    for (let hole = taken[next]; hole && hole[0] <= last; hole = taken[++next]) {
      if (hole[0] > from) left.push([from, hole[0] - 1]);
      from = hole[1] + 1;
      if (from > last) break;
    }
    if (from <= last) left.push([from, last]);
  }
  return left;
}
