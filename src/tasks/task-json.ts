import { assertStorable, InvalidInput, type JsonValue } from '../shared/errors/index.js';

/** Largest result, partial result, input or error that a task keeps, in bytes of JSON. */
export const MAX_RESULT_BYTES = 262_144;

/** The value, if it can be kept. @throws InvalidInput naming the field */
export function bounded(field: string, value: JsonValue): JsonValue {
  assertStorable(value, field);
  if (Buffer.byteLength(JSON.stringify(value)) <= MAX_RESULT_BYTES) return value;
  throw InvalidInput.of(field, 'size', `${field} must be at most ${MAX_RESULT_BYTES} bytes of JSON`);
}
