import { assertStorable, InvalidInput, type JsonValue } from '../errors/index.js';
import { CausalContext, type Dot, type Range } from './causal-context.js';
import { copyOf, membersOf, replicaOf, type Scalar, scalarOf, textOf, wholeOf } from './foreign.js';
import { keysOf, type Path, pointerOf } from './json-pointer.js';
import { timeOf } from './lww-register.js';

/** What may stand at a path; the later ones show where several were made at the same time. */
export const LEAF_KINDS = ['register', 'counter', 'set'] as const;
export type LeafKind = (typeof LEAF_KINDS)[number];

type ChangeAt<P> =
  | { type: 'set'; path: P; value: JsonValue }
  | { type: 'increment' | 'decrement'; path: P; by?: number }
  | { type: 'add' | 'remove'; path: P; element: Scalar }
  | { type: 'delete'; path: P };

/** What somebody wants done. `by` is a whole number from 1, and 1 where it is left out. */
export type StateChange = ChangeAt<Path>;

/**
 * A change as it was made, for other replicas: plain JSON, the same wherever and however often it is applied.
 *
 * - `id` is given once: the replica and the number of this operation of its.
 * - `time` is a timestamp of `HybridLogicalClock`.
 * - `replaces` names what it takes away: the operations that brought it, as ranges by replica.
 * - `count` of increments and decrements: the replica's total here after this one, and which of its operations began it.
 */
export type StateOperation = ChangeAt<string> & {
  id: Dot;
  time: string;
  replaces: Record<string, Range[]>;
  count?: { since: number; total: number };
};

/** One value of the shared state. Two at one path are of several replicas, or elements of a set. */
export type Leaf = { path: string } & (
  | { kind: 'register'; value: JsonValue; time: string }
  | { kind: 'counter'; total: number }
  | { kind: 'set'; element: Scalar }
);

/** What a change makes or expects at its path; undefined where anything will do. */
export function kindFor({ type }: StateChange): LeafKind | undefined {
  switch (type) {
    case 'set':
      return 'register';
    case 'increment':
    case 'decrement':
      return 'counter';
    case 'add':
    case 'remove':
      return 'set';
    case 'delete':
      return undefined;
  }
}

/** @throws InvalidInput isObject, isChange, isPath, notRoot, isString, isWhole, isScalar, and what `assertStorable` refuses */
export function parseChange(json: unknown): ChangeAt<string> {
  const { type, path: given, value, by = 1, element } = membersOf(json, 'change');
  const path = pointerOf(given);
  switch (type) {
    case 'set':
      assertFits(path, value);
      return { type, path, value: copyOf(value as JsonValue) };
    case 'increment':
    case 'decrement':
      assertFits(path, null);
      return { type, path, by: wholeOf(by, 'by', 1) };
    case 'add':
    case 'remove':
      assertFits(path, null);
      return { type, path, element: scalarOf(element, 'element') };
    case 'delete':
      if (path !== '') assertFits(path, null);
      return { type, path };
    default:
      throw InvalidInput.of('type', 'isChange', 'type must be set, increment, decrement, add, remove or delete');
  }
}

/** @throws InvalidInput as `parseChange`, and isReplica, isTimestamp, maxReplicas, isArray, isRange */
export function parseOperation(json: unknown): StateOperation {
  const change = parseChange(json);
  const { id, time, replaces, count } = membersOf(json, 'operation');
  const { replica, counter } = membersOf(id, 'id');
  const operation: StateOperation = {
    ...change,
    id: { replica: replicaOf(replica, 'id.replica'), counter: wholeOf(counter, 'id.counter', 1) },
    time: timeOf(time, 'time'),
    replaces: CausalContext.fromJSON(replaces, 'replaces').toJSON(),
  };
  return kindFor(change) === 'counter' ? { ...operation, count: countOf(count, operation.id) } : operation;
}

/** What the operation brings; undefined where it only takes away. */
export function leafOf(operation: StateOperation): Leaf | undefined {
  const { path } = operation;
  switch (operation.type) {
    case 'set':
      return { path, kind: 'register', value: operation.value, time: operation.time };
    case 'increment':
    case 'decrement':
      return { path, kind: 'counter', total: operation.count?.total ?? 0 };
    case 'add':
      return { path, kind: 'set', element: operation.element };
    case 'remove':
    case 'delete':
      return undefined;
  }
}

/** @throws InvalidInput */
export function parseLeaf(json: unknown, field: string): Leaf {
  const { path: given, kind, value, time, total, element } = membersOf(json, field);
  const path = pointerOf(textOf(given, `${field}.path`), `${field}.path`);
  assertFits(path, kind === 'register' ? value : null);
  switch (kind) {
    case 'register':
      return { path, kind, value: copyOf(value as JsonValue), time: timeOf(time, `${field}.time`) };
    case 'counter':
      return { path, kind, total: wholeOf(total, `${field}.total`, Number.MIN_SAFE_INTEGER) };
    case 'set':
      return { path, kind, element: scalarOf(element, `${field}.element`) };
    default:
      throw InvalidInput.of(`${field}.kind`, 'isKind', `${field}.kind must be ${LEAF_KINDS.join(', ')}`);
  }
}

function countOf(json: unknown, { counter }: Dot): { since: number; total: number } {
  const { since, total } = membersOf(json, 'count');
  const begun = wholeOf(since, 'count.since', 1);
  if (begun > counter) throw InvalidInput.of('count.since', 'isPast', 'count.since must not be after id.counter');
  return { since: begun, total: wholeOf(total, 'count.total', Number.MIN_SAFE_INTEGER) };
}

/** The state is an object, and stays one that JSON and PostgreSQL can carry: the way to a value counts as part of it. */
function assertFits(path: string, value: unknown): void {
  if (path === '')
    throw InvalidInput.of('path', 'notRoot', 'path must lead to a member; the whole can only be deleted');
  if (value === undefined) throw InvalidInput.of('value', 'isJson', 'value must be a JSON value');
  assertStorable(
    keysOf(path).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value),
    'state',
  );
}
