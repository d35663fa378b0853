import type { EventDefinition, JsonSchema, LoggedEvent } from '../../src/shared/events/index.js';

/** What an event's data has against the schema of its type: places and reasons, none when it matches. */
export function violationsOf(event: Pick<LoggedEvent, 'data'>, { data }: EventDefinition): string[] {
  if (!data) return event.data === null ? [] : ['data: must be absent'];
  return violations(event.data, data, 'data');
}

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function violations(value: unknown, schema: JsonSchema, place: string): string[] {
  const types = [schema.type ?? []].flat() as string[];
  if (types.length > 0 && !types.some((type) => isOfType(value, type)))
    return [`${place}: is not ${types.join(' or ')}`];
  const found: string[] = [];
  if (schema.enum && !schema.enum.includes(value as string))
    found.push(`${place}: is none of ${schema.enum.join(', ')}`);
  if (typeof value === 'string') {
    if (schema.format === 'uuid' && !UUID.test(value)) found.push(`${place}: is not a UUID`);
    if (schema.format === 'date-time' && !DATE_TIME.test(value)) found.push(`${place}: is not a time`);
  }
  if (typeof value === 'number') {
    if (value < (schema.minimum ?? -Infinity)) found.push(`${place}: is below ${schema.minimum}`);
    if (value > (schema.maximum ?? Infinity)) found.push(`${place}: is above ${schema.maximum}`);
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) found.push(...value.flatMap((item, index) => violations(item, items, `${place}[${index}]`)));
  } else if (typeof value === 'object' && value !== null) {
    found.push(...memberViolations(value, schema, place));
  }
  return found;
}

function memberViolations(value: object, schema: JsonSchema, place: string): string[] {
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  const found = missing.map((name) => `${place}.${name}: is missing`);
  for (const [name, member] of Object.entries(value) as [string, unknown][]) {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    if (known === false) found.push(`${place}.${name}: is unknown`);
    else if (typeof known === 'object') found.push(...violations(member, known, `${place}.${name}`));
  }
  return found;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
