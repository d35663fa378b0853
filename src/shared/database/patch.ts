import type { EntityMetadata } from 'typeorm';
import { ApplyValueTransformers } from 'typeorm/util/ApplyValueTransformers';
import { InvalidInput } from '../errors/index.js';

/**
 * The SET list of a partial update, `"name" = $4, "labels" = $5`: the properties of `patch` that are not undefined. Each
 * must be a property of the entity; its value is appended to `values`, which hold the statement's parameters so far.
 * @throws InvalidInput when the patch changes nothing
 */
export function assignments(metadata: EntityMetadata, patch: object, values: unknown[]): string {
  const changes = Object.entries(patch).filter(([, value]) => value !== undefined);
  if (changes.length === 0) throw InvalidInput.of('body', 'isNotEmpty', 'Name at least one field to change.');
  return changes
    .map(([property, value]) => {
      const column = metadata.findColumnWithPropertyName(property);
      if (!column) throw InvalidInput.of(property, 'column', `${property} is not a column of ${metadata.tableName}`);
      const { transformer, type, databaseName } = column;
      const stored: unknown = transformer ? ApplyValueTransformers.transformTo(transformer, value) : value;
      // The driver writes a JavaScript array as a PostgreSQL array, so what belongs in jsonb must be text already.
      const bound = type === 'jsonb' && stored !== null ? JSON.stringify(stored) : stored;
      return `"${databaseName}" = $${values.push(bound)}`;
    })
    .join(', ');
}
