import { assertStorable, InvalidInput, type JsonValue } from '../errors/index.js';

/** Most replicas that one clock or one state knows. */
export const MAX_REPLICAS = 1_000;

/** Characters of a replica's name: printable ASCII, so that it sorts alike everywhere. */
const REPLICA = /^(?!__proto__$)[!-~]{1,128}$/;

/** A value that is compared as a whole. */
export type Scalar = null | boolean | number | string;

// What is read from outside: each answers the value with its type, or refuses it by field and rule.

/** @throws InvalidInput isObject */
export function membersOf(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw InvalidInput.of(field, 'isObject', `${field} must be an object`);
}

/** @throws InvalidInput isArray */
export function itemsOf(value: unknown, field: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw InvalidInput.of(field, 'isArray', `${field} must be an array`);
}

/** A safe integer, `min` at least. @throws InvalidInput isWhole */
export function wholeOf(value: unknown, field: string, min: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= min) return value as number;
  throw InvalidInput.of(field, 'isWhole', `${field} must be a whole number from ${min} to ${Number.MAX_SAFE_INTEGER}`);
}

/** @throws InvalidInput isString */
export function textOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw InvalidInput.of(field, 'isString', `${field} must be a string`);
}

/** A replica's name: 1 to 128 printable ASCII characters, no space. @throws InvalidInput isReplica */
export function replicaOf(value: unknown, field: string): string {
  if (typeof value === 'string' && REPLICA.test(value)) return value;
  throw InvalidInput.of(field, 'isReplica', `${field} must name a replica by 1 to 128 printable characters`);
}

/** Members by replica. @throws InvalidInput isObject, maxReplicas, isReplica */
export function byReplica<T>(
  value: unknown,
  field: string,
  read: (member: unknown, field: string) => T,
): Map<string, T> {
  const members = Object.entries(membersOf(value, field));
  assertFewReplicas(members.length, field);
  return new Map(
    members.map(([name, member]) => [replicaOf(name, `${field}'s key`), read(member, `${field}.${name}`)]),
  );
}

/** @throws InvalidInput maxReplicas */
export function assertFewReplicas(count: number, field: string): void {
  if (count <= MAX_REPLICAS) return;
  throw InvalidInput.of(field, 'maxReplicas', `${field} may name ${MAX_REPLICAS} replicas at most, not ${count}`);
}

/** Without −0, which JSON makes 0. @throws InvalidInput isScalar, and what `assertStorable` refuses */
export function scalarOf(value: unknown, field: string): Scalar {
  if (typeof value === 'object' && value !== null) {
    throw InvalidInput.of(field, 'isScalar', `${field} must be a string, a number, a boolean or null`);
  }
  assertStorable(value, field);
  return value === 0 ? 0 : (value as Scalar);
}

/** A copy of any JSON value. @throws InvalidInput as `assertStorable` */
export function jsonOf(value: unknown, field: string): JsonValue {
  assertStorable(value, field);
  return copyOf(value as JsonValue);
}

export const copyOf = (value: JsonValue): JsonValue => (typeof value === 'object' ? structuredClone(value) : value);
