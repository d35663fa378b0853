import type { EntityMetadata, ObjectLiteral } from 'typeorm';
import { ApplyValueTransformers } from 'typeorm/util/ApplyValueTransformers';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata';

type Row = Record<string, unknown>;
type Reading = (value: unknown) => unknown;

/** Columns the driver gives as text, because their values can be larger than a JavaScript number. */
const WIDE = new Set(['bigint', 'int8']);

/**
 * Makes the function that turns a row of `SELECT *` or `RETURNING *` into an entity: its class, its camelCase
 * properties, bigint as number, columns with a transformer through it. A column that the row does not hold leaves its
 * property undefined. What follows from the metadata is worked out here, once, so a row costs one assignment a column.
 */
export function rowMapper<Entity extends ObjectLiteral>(metadata: EntityMetadata): (row: Row) => Entity {
  const create = metadata.target as new () => Row;
  const columns = metadata.columns.map((column) => ({
    from: column.databaseName,
    to: column.propertyName,
    read: readingOf(column),
  }));
  return (row) => {
    const entity = new create();
    for (const { from, to, read } of columns) {
      const value = row[from];
      entity[to] = read ? read(value) : value;
    }
    return entity as Entity;
  };
}

/** As `rowMapper`, for rows whose values stand in the order of `metadata.columns`. */
export function arrayMapper<Entity extends ObjectLiteral>(metadata: EntityMetadata): (row: unknown[]) => Entity {
  const create = metadata.target as new () => Row;
  const columns = metadata.columns.map((column) => ({ to: column.propertyName, read: readingOf(column) }));
  return (row) => {
    const entity = new create();
    columns.forEach(({ to, read }, index) => {
      const value = row[index];
      entity[to] = read ? read(value) : value;
    });
    return entity as Entity;
  };
}

/**
 * Makes the function that turns an entity that went through JSON, as in the cache, back into one: its class, its times
 * as Date. It throws a TypeError for what cannot have been such an entity.
 */
export function entityReviver<Entity extends ObjectLiteral>(metadata: EntityMetadata): (stored: unknown) => Entity {
  const create = metadata.target as new () => Row;
  const properties = metadata.columns.map(({ propertyName, type, isNullable }) => ({
    name: propertyName,
    isTime: String(type).startsWith('timestamp'),
    isNullable,
  }));
  return (stored) => {
    const given = typeof stored === 'object' && stored !== null ? (stored as Row) : {};
    const entity = new create();
    for (const { name, isTime, isNullable } of properties) {
      const value = given[name] ?? null;
      if (value === null && !isNullable) throw new TypeError(`A stored ${metadata.name} has no ${name}.`);
      entity[name] = isTime && value !== null ? timeOf(value) : value;
    }
    return entity as Entity;
  };
}

function readingOf({ transformer, type }: ColumnMetadata): Reading | undefined {
  if (transformer) return (value) => ApplyValueTransformers.transformFrom(transformer, value) as unknown;
  return WIDE.has(String(type)) ? (value) => (typeof value === 'string' ? Number(value) : value) : undefined;
}

function timeOf(value: unknown): Date {
  const time = new Date(String(value));
  if (Number.isNaN(time.getTime())) throw new TypeError(`${String(value)} is not a time.`);
  return time;
}
