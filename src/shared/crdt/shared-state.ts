import type { JsonObject, JsonValue } from '../errors/index.js';
import { CausalContext } from './causal-context.js';
import { counted, sumOf } from './counters.js';
import { ClockFromNowhere, PathThroughValue, WrongKind } from './crdt.errors.js';
import { DotStore, type Entry, groupedBy } from './dot-store.js';
import { copyOf, replicaOf } from './foreign.js';
import { above, keysOf, type Path, pointerOf } from './json-pointer.js';
import { latest, timeOf } from './lww-register.js';
import { elementsOf } from './or-set.js';
import { birthOf, Replicated } from './replicated.js';
import {
  kindFor,
  type Leaf,
  LEAF_KINDS,
  type LeafKind,
  leafOf,
  parseChange,
  parseLeaf,
  parseOperation,
  type StateChange,
  type StateOperation,
} from './state-operation.js';

type LeafEntry = Entry<Leaf>;
type LeafOf<K extends LeafKind> = Entry<Extract<Leaf, { kind: K }>>;

/**
 * A JSON object that replicas change on their own: registers, counters, sets, and maps of these by path.
 *
 * It is one flat store of values with their paths, under one causal context: an operation names what it takes away and
 * brings at most one value, so it is itself a small state, and to apply it is to merge it. The tree is read off the
 * store by `value()`, which depends on nothing else; replicas with the same store show the same. What was made at the
 * same time and cannot stand together is decided there, and never lost unseen: a map goes before a set, a set before a
 * counter, a counter before a register, until a change that has seen both takes the hidden one away.
 *
 * - `set` makes a register, any JSON value as a whole; of several at the same time the latest timestamp shows.
 * - `increment`, `decrement` make a counter, the sum of what all have counted.
 * - `add`, `remove` make a set; an addition that a removal has not seen stays.
 * - Whatever stands beneath a path makes it a map. A member is set and deleted by its own path. Nothing is left of a map
 *   or a set that holds nothing.
 * - `delete` takes away what it has seen at its path and beneath. What it has not seen stays, but for increments by
 *   replicas whose count it has seen: that count is gone, also where it went on meanwhile.
 *
 * The map of dot stores of P. S. Almeida, A. Shoker, C. Baquero, "Delta State Replicated Data Types", 2018, made flat.
 */
export class SharedState extends Replicated<Leaf> {
  /** A state or a delta, as `toJSON` gives it. @throws InvalidInput with the field and the rule */
  static fromJSON(json: unknown): SharedState {
    return new SharedState(DotStore.fromJSON(json, parseLeaf));
  }

  /** The state that holds one operation only. @throws InvalidInput with the field and the rule */
  static of(operation: unknown): SharedState {
    const parsed = parseOperation(operation);
    const { id, replaces, count } = parsed;
    const leaf = leafOf(parsed);
    const entry = leaf && { replica: id.replica, birth: count?.since ?? id.counter, at: id.counter, value: leaf };
    const context = CausalContext.of([id]).union(CausalContext.fromJSON(replaces));
    return new SharedState(new DotStore(entry && [entry], context));
  }

  /**
   * Makes a change as the next operation of `replica`.
   * @param time of a `HybridLogicalClock`
   * @returns the operation, applied here and to be applied elsewhere
   * @throws InvalidInput; PathThroughValue, WrongKind, CounterOverflow where it does not fit to what stands here
   */
  perform(change: StateChange, replica: string, time: string): StateOperation {
    const asked = parseChange(change);
    const id = { replica: replicaOf(replica, 'replica'), counter: this.store.next(replica) };
    const { at, beneath, hidden } = this.around(asked.path);
    const kind = kindFor(asked);
    const found = beneath.length > 0 ? 'map' : strongest(at);
    if (kind && found && found !== kind) throw new WrongKind(asked.path, found, kind);

    const gone = [...hidden, ...(kind ? at.filter((entry) => replaced(entry, asked)) : [...at, ...beneath])];
    const operation: StateOperation = {
      ...asked,
      id,
      time: timeOf(time, 'time'),
      replaces: CausalContext.of(gone.map(birthOf)).toJSON(),
    };
    if (asked.type === 'increment' || asked.type === 'decrement') {
      const by = asked.by ?? 1;
      operation.count = countedOn(ofKind(at, 'counter'), id, asked.type === 'increment' ? by : -by);
    }
    this.apply(operation);
    return operation;
  }

  /** Takes over an operation. Early, late and repeated ones do no harm. @throws InvalidInput with the field and the rule */
  apply(operation: unknown): void {
    this.store.merge(SharedState.of(operation).store);
  }

  /**
   * For what a single replica sent, an operation by `SharedState.of`, a state or a delta: refuses it where it claims
   * what others did and is not known here, since that would be believed, and the others' real operations taken for old.
   * @throws ClockFromNowhere
   */
  assertNewsOf(sender: string, sent: SharedState): void {
    const others = [...this.store.aheadIn(sent.store)].filter((replica) => replica !== sender);
    if (others.length > 0) throw new ClockFromNowhere(sender, others.sort());
  }

  /** The tree as plain JSON: registers as their value, counters as numbers, sets as arrays in the order of JSON texts. */
  value(): JsonObject {
    return this.tree([...this.store.entries()], '');
  }

  /** As in `value()`, what shows at the path; undefined where nothing does. @throws InvalidInput isPath */
  at(path: Path): JsonValue | undefined {
    const pointer = pointerOf(path);
    if (pointer === '') return this.value();
    const { at, beneath } = this.whereIs(pointer);
    if (beneath.length > 0) return this.tree(beneath, pointer);
    return at.length > 0 ? shown(at) : undefined;
  }

  /** Whether `sent` holds operations that are not known here. */
  lacks(sent: SharedState): boolean {
    return this.store.aheadIn(sent.store).size > 0;
  }

  /** The latest timestamp of a register; undefined where there is none. */
  latestTime(): string | undefined {
    let found: string | undefined;
    for (const { value } of this.store.entries()) {
      if (value.kind === 'register' && (found === undefined || value.time > found)) found = value.time;
    }
    return found;
  }

  /** The tree of these entries, seen from the path above all of them. */
  private tree(entries: readonly LeafEntry[], from: string): JsonObject {
    const byPath = groupedBy(entries, ({ value }) => value.path);
    const maps = mapsOf(byPath.keys());
    const root: JsonObject = {};
    for (const path of [...byPath.keys()].sort()) {
      if (!maps.has(path)) place(root, keysOf(path.slice(from.length)), shown(byPath.get(path) ?? []));
    }
    return root;
  }

  /** What stands at the path and beneath, and what is hidden by the maps above. @throws PathThroughValue */
  private around(path: string): { at: LeafEntry[]; beneath: LeafEntry[]; hidden: LeafEntry[] } {
    const found = this.whereIs(path);
    if (found.hidden.length > 0) this.assertMaps(path, found.hidden);
    return found;
  }

  private whereIs(path: string): { at: LeafEntry[]; beneath: LeafEntry[]; hidden: LeafEntry[] } {
    const [at, beneath, hidden]: [LeafEntry[], LeafEntry[], LeafEntry[]] = [[], [], []];
    const onTheWay = new Set(above(path));
    const prefix = `${path}/`;
    for (const entry of this.store.entries()) {
      const { path: its } = entry.value;
      if (its === path) at.push(entry);
      else if (its.startsWith(prefix)) beneath.push(entry);
      else if (onTheWay.size > 0 && its.length < path.length && onTheWay.has(its)) hidden.push(entry);
    }
    return { at, beneath, hidden };
  }

  private assertMaps(path: string, entries: readonly LeafEntry[]): void {
    const maps = mapsOf([...this.store.entries()].map(({ value }) => value.path));
    for (const [blocker, at] of groupedBy(entries, ({ value }) => value.path)) {
      if (!maps.has(blocker)) throw new PathThroughValue(path, blocker, strongest(at) ?? '');
    }
  }
}

/** Of an entry at the path of a change: whether the change takes its place, as it is hidden or what the change sets anew. */
function replaced({ value }: LeafEntry, change: StateChange): boolean {
  if (value.kind !== kindFor(change)) return true;
  switch (value.kind) {
    case 'register':
      return true;
    case 'counter':
      return false;
    case 'set':
      return 'element' in change && change.element === value.element;
  }
}

/** A replica goes on with the count it has here, and begins another where that was deleted. */
function countedOn(
  counters: LeafOf<'counter'>[],
  { replica, counter }: { replica: string; counter: number },
  by: number,
) {
  const own = counters.find((entry) => entry.replica === replica);
  return { since: own?.birth ?? counter, total: counted(sumOf(totalsOf(counters)), own?.value.total, by) };
}

function shown(entries: readonly LeafEntry[]): JsonValue {
  switch (strongest(entries)) {
    case 'set':
      return elementsOf(ofKind(entries, 'set').map(({ value }) => value.element));
    case 'counter':
      return sumOf(totalsOf(ofKind(entries, 'counter')));
    default:
      return copyOf(latest(ofKind(entries, 'register'))?.value ?? null);
  }
}

const totalsOf = (counters: readonly LeafOf<'counter'>[]) =>
  counters.map((entry) => ({ ...entry, value: entry.value.total }));

const ofKind = <K extends LeafKind>(entries: readonly LeafEntry[], kind: K): LeafOf<K>[] =>
  entries.filter((entry): entry is LeafOf<K> => entry.value.kind === kind);

const strongest = (entries: readonly LeafEntry[]): LeafKind | undefined =>
  LEAF_KINDS.findLast((kind) => entries.some(({ value }) => value.kind === kind));

/** All paths beneath which something stands. */
function mapsOf(paths: Iterable<string>): Set<string> {
  const maps = new Set<string>();
  for (const path of paths) {
    for (const map of above(path)) {
      if (maps.has(map)) break;
      maps.add(map);
    }
  }
  return maps;
}

function place(root: JsonObject, keys: readonly string[], value: JsonValue): void {
  let map = root;
  for (const key of keys.slice(0, -1)) {
    if (!Object.hasOwn(map, key)) map[key] = {};
    map = map[key] as JsonObject;
  }
  map[keys.at(-1) ?? ''] = value;
}
