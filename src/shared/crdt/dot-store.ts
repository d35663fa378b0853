import type { JsonValue } from '../errors/index.js';
import { CausalContext, type Range } from './causal-context.js';
import { CounterOverflow } from './crdt.errors.js';
import { byReplica, itemsOf, membersOf, wholeOf } from './foreign.js';
import type { VectorClock } from './vector-clock.js';

/**
 * A value, and the operation that brought it: the `birth`-th of `replica`. Only that replica changes it; `at` is the
 * last of its operations that did.
 */
export interface Entry<V> {
  readonly replica: string;
  readonly birth: number;
  readonly at: number;
  readonly value: V;
}

/** `{"context": {"ada": [[1, 7]]}, "entries": {"ada": [[birth, at, value], …]}}` */
export type StoreJson = {
  context: Record<string, Range[]>;
  entries: Record<string, [birth: number, at: number, value: JsonValue][]>;
};

/**
 * What all types here are made of: values by the operations that brought them, and one causal context over the whole.
 * A value that the context knows and the store lacks was removed, so a removal leaves no tombstone and cannot be undone
 * by an older state. States, deltas and single operations are all stores, and merging them is a join: commutative,
 * associative, idempotent.
 *
 * The dot store `DotFun` of P. S. Almeida, A. Shoker, C. Baquero, "Delta State Replicated Data Types", 2018; without
 * tombstones after A. Bieniusa and others, "An Optimized Conflict-free Replicated Set", INRIA RR-8083, 2012.
 */
export class DotStore<V> {
  private readonly found = new Map<string, Map<number, Entry<V>>>();
  private known: CausalContext;

  /** The operations of the entries need not stand in `context`. @throws InvalidInput maxReplicas */
  constructor(entries: Iterable<Entry<V>> = [], context = CausalContext.EMPTY) {
    const own: Entry<V>[] = [...entries];
    for (const entry of own) this.put(entry);
    this.known = context.union(CausalContext.of(own.flatMap(dotsOf)));
  }

  /** @throws InvalidInput isObject, isArray, isWhole, isRange, isReplica, maxReplicas, and what `read` refuses */
  static fromJSON<V>(json: unknown, read: (value: unknown, field: string) => V): DotStore<V> {
    const { context, entries } = membersOf(json, 'state');
    const lists = byReplica(entries, 'entries', (list, field) =>
      itemsOf(list, field).map((item, index) => {
        const place = `${field}[${index}]`;
        const [birth, at, value] = itemsOf(item, place);
        const born = wholeOf(birth, `${place}[0]`, 1);
        return { birth: born, at: wholeOf(at, `${place}[1]`, born), value: read(value, `${place}[2]`) };
      }),
    );
    return new DotStore(
      [...lists].flatMap(([replica, list]) => list.map((entry) => ({ replica, ...entry }))),
      CausalContext.fromJSON(context),
    );
  }

  get context(): CausalContext {
    return this.known;
  }

  *entries(): Generator<Entry<V>> {
    for (const entries of this.found.values()) yield* entries.values();
  }

  /** The number of the replica's next operation. @throws CounterOverflow */
  next(replica: string): number {
    const next = this.known.last(replica) + 1;
    if (!Number.isSafeInteger(next)) throw new CounterOverflow();
    return next;
  }

  /** The least store that holds what either holds and neither removed. @throws InvalidInput maxReplicas, with nothing changed */
  merge(other: DotStore<V>): void {
    const both = this.known.union(other.known);
    for (const replica of other.known.replicas) this.drop(replica, other);
    for (const entry of other.entries()) {
      const own = this.find(entry);
      if (own ? own.at < entry.at : !this.known.has(entry.replica, entry.birth)) this.put(entry);
    }
    this.known = both;
  }

  /**
   * What somebody lacks who has all operations up to `since`. The entries that it has are in neither part, so that who
   * has less than that takes no harm: it still lacks them, and its clock says so.
   */
  delta(since: VectorClock): DotStore<V> {
    const [news, rest]: [Entry<V>[], Entry<V>[]] = [[], []];
    for (const entry of this.entries()) (entry.at > since.get(entry.replica) ? news : rest).push(entry);
    return new DotStore(news, this.known.without(CausalContext.of(rest.flatMap(dotsOf))));
  }

  /** The replicas of which `other` holds operations or changes that are not known here. */
  aheadIn(other: DotStore<V>): Set<string> {
    const ahead = new Set(other.known.without(this.known).replicas);
    for (const entry of other.entries()) {
      const own = this.find(entry);
      if (own && own.at < entry.at) ahead.add(entry.replica);
    }
    return ahead;
  }

  /** Equal stores have equal texts. */
  toJSON(json: (value: V) => JsonValue): StoreJson {
    const replicas = [...this.found].filter(([, entries]) => entries.size > 0).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      context: this.known.toJSON(),
      entries: Object.fromEntries(
        replicas.map(([replica, entries]) => [
          replica,
          [...entries.values()]
            .sort((a, b) => a.birth - b.birth)
            .map(({ birth, at, value }): [number, number, JsonValue] => [birth, at, json(value)]),
        ]),
      ),
    };
  }

  private find({ replica, birth }: Entry<V>): Entry<V> | undefined {
    return this.found.get(replica)?.get(birth);
  }

  private put(entry: Entry<V>): void {
    const entries = this.found.get(entry.replica);
    if (entries) entries.set(entry.birth, entry);
    else this.found.set(entry.replica, new Map([[entry.birth, entry]]));
  }

  /** Takes away what `other` knows and holds no more. One operation knows little, a state has few entries of most. */
  private drop(replica: string, other: DotStore<V>): void {
    const entries = this.found.get(replica);
    if (!entries) return;
    const theirs = other.found.get(replica);
    const few = other.known.count(replica) < entries.size;
    for (const birth of few ? other.known.counters(replica) : entries.keys()) {
      if (!theirs?.has(birth) && (few || other.known.has(replica, birth))) entries.delete(birth);
    }
  }
}

function dotsOf({ replica, birth, at }: Entry<unknown>) {
  const dots = [{ replica, counter: birth }];
  if (at !== birth) dots.push({ replica, counter: at });
  return dots;
}

export function groupedBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
