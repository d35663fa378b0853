import { createHash } from 'node:crypto';
import {
  parseChange,
  parseOperation,
  SharedState,
  type StateChange,
  type StateOperation,
} from '../shared/crdt/index.js';
import { InvalidInput } from '../shared/errors/index.js';
import { canonical } from '../shared/idempotency/index.js';
import type { KnownOperation } from './shared-state.repository.js';

/** The replica by which the server changes a state. Its row is locked meanwhile, so all nodes are this one. */
export const SERVER_REPLICA = 'muster';

/** A change that the server makes an operation of. With an id (up to 128 characters, no space) it is made once. */
export type ChangeRequest = StateChange & { id?: string };

/** One operation of a call, read and checked. */
export interface AskedOperation {
  change: StateChange;
  /** As a JSON Pointer. */
  path: string;
  /** By what a repeat is known; undefined where it came without an id. */
  known?: KnownOperation;
  /** Set where a replica made it by its own clock. */
  made?: { operation: StateOperation; news: SharedState };
}

const ID = /^[!-~]{1,128}$/;

/** @throws InvalidInput that names the operation by its place */
export function askedOf(operation: ChangeRequest | StateOperation, index: number): AskedOperation {
  try {
    assertOnlyItsOwn(operation);
    return 'time' in operation || typeof operation.id === 'object' ? madeOf(operation) : changeOf(operation);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const place = `operations[${index}]`;
    throw new InvalidInput(
      error.violations.map(({ field, rule, message }) => ({
        field: `${place}.${field}`,
        rule,
        message: `${place}: ${message}`,
      })),
    );
  }
}

/** @throws InvalidInput notReserved */
export function assertForeign(replica: string, field: string): void {
  if (replica === SERVER_REPLICA)
    throw InvalidInput.of(field, 'notReserved', `${field} must not be the server's, ${SERVER_REPLICA}`);
}

function changeOf({ id, ...request }: ChangeRequest): AskedOperation {
  const change = parseChange(request);
  if (id === undefined) return { change, path: change.path };
  if (!ID.test(id)) throw InvalidInput.of('id', 'isId', 'id must have 1 to 128 printable characters');
  return { change, path: change.path, known: { id, digest: digestOf(change) } };
}

function madeOf(json: unknown): AskedOperation {
  const operation = parseOperation(json);
  const { id, path } = operation;
  assertForeign(id.replica, 'id.replica');
  // No id of a change has a space, so the two kinds never meet.
  const known = { id: `${id.replica} ${id.counter}`, digest: digestOf(operation) };
  return { change: operation, path, known, made: { operation, news: SharedState.of(operation) } };
}

/** `{type: 'increment', value: 5}` is a mistake, and would count 1. */
function assertOnlyItsOwn(operation: object): void {
  const { type } = operation as ChangeRequest;
  const own = { set: 'value', increment: 'by', decrement: 'by', add: 'element', remove: 'element', delete: '' }[type];
  for (const field of ['value', 'by', 'element']) {
    if (field !== own && field in operation)
      throw InvalidInput.of(field, 'notAllowed', `${field} does not belong to an operation of type ${type}`);
  }
}

const digestOf = (asked: object): Buffer => createHash('sha256').update(canonical(asked)).digest();
