import type { JsonSchema } from '../../src/shared/events/index.js';

/** What is wrong with `value` by the part of JSON Schema that the catalogue of events speaks; empty when nothing is. */
export function violations(schema: JsonSchema, value: unknown, at = '$'): string[] {
  const types = schema.type === undefined ? undefined : [schema.type].flat();
  if (types && !types.some((type) => isOf(type, value))) return [`${at} is not of type ${types.join(', ')}`];
  const found: string[] = [];
  if (schema.enum && !schema.enum.includes(value as never)) found.push(`${at} is none of ${schema.enum.join(', ')}`);
  if (typeof value === 'number') {
    if (value < (schema.minimum ?? -Infinity)) found.push(`${at} is below ${schema.minimum}`);
    if (value > (schema.maximum ?? Infinity)) found.push(`${at} is above ${schema.maximum}`);
  }
  if (typeof value === 'string' && schema.format && !FORMATS[schema.format].test(value))
    found.push(`${at} is no ${schema.format}`);
  if (Array.isArray(value)) {
    const { items = {} } = schema;
    return [...found, ...value.flatMap((item, index) => violations(items, item, `${at}[${index}]`))];
  }
  return typeof value === 'object' && value !== null ? [...found, ...ofMembers(schema, value, at)] : found;
}

function ofMembers(schema: JsonSchema, value: object, at: string): string[] {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, member]) => {
    const its = properties[name] ?? additionalProperties;
    if (its === false) return [`${at}.${name} is unknown`];
    return its === true ? [] : violations(its, member, `${at}.${name}`);
  });
  return [...missing, ...wrong];
}

const FORMATS = {
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
};

function isOf(type: string, value: unknown): boolean {
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
