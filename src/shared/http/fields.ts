import { applyDecorators, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsArray,
  IsInt,
  IsUUID,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  ValidateNested,
  type ValidationArguments,
} from 'class-validator';
import { InvalidInput } from '../errors/index.js';
import type { DtoClass, FieldContext } from './dto-plan.js';
import { ANY_TYPE } from './openapi.js';
import { parseTime } from './rfc3339.js';

/** May be left out, but not be null. For a field that null clears, use class-validator's `@IsOptional()`. */
export const Omittable = (): PropertyDecorator =>
  applyDecorators(
    ValidateIf((_dto, value) => value !== undefined),
    ApiPropertyOptional(),
  );

/** An object of another DTO class. */
export const Nested = (dto: () => DtoClass): PropertyDecorator =>
  applyDecorators(
    ValidateNested({ context: { nested: { dto, list: false } } satisfies FieldContext }),
    rule('isObject', (value) => isRecord(value), '$property must be an object'),
    ApiProperty({ type: () => dto() }),
  );

/** A list of objects of another DTO class; bound it with `@ArrayMaxSize()`. */
export const NestedList = (dto: () => DtoClass): PropertyDecorator =>
  applyDecorators(
    ValidateNested({ each: true, context: { nested: { dto, list: true } } satisfies FieldContext }),
    IsArray(),
    ApiProperty({ type: () => dto(), isArray: true }),
  );

/** Cases differ in what is sent, and PostgreSQL takes both; the keys of caches and batches do not. */
const lowerCase = (raw: unknown): unknown => (typeof raw === 'string' ? raw.toLowerCase() : raw);

/** A UUID, made lower case. */
export const IsId = (): PropertyDecorator =>
  applyDecorators(
    IsUUID(undefined, { context: { convert: lowerCase } satisfies FieldContext }),
    ApiProperty({ type: 'string', format: 'uuid' }),
  );

/** A list of UUIDs, made lower case; bound it with `@ArrayMaxSize()`. */
export const IsIds = (): PropertyDecorator =>
  applyDecorators(
    IsUUID(undefined, {
      each: true,
      context: { convert: (raw) => (Array.isArray(raw) ? raw.map(lowerCase) : raw) } satisfies FieldContext,
    }),
    IsArray(),
    ApiProperty({ type: 'array', items: { type: 'string', format: 'uuid' } }),
  );

/** A JSON object of any shape. What it holds reaches the service untouched. */
export const IsJsonObject = (): PropertyDecorator =>
  applyDecorators(
    rule('isJsonObject', isRecord, '$property must be a JSON object'),
    ApiProperty({ type: 'object', additionalProperties: true }),
  );

/** Any JSON value, null included. */
export const IsJsonValue = (): PropertyDecorator =>
  applyDecorators(
    rule('isJsonValue', (value) => value !== undefined, '$property must be a JSON value'),
    AnyJson(),
  );

/** Of an answer: any JSON value, null included. */
export const AnyJson = (): PropertyDecorator => ApiProperty({ type: ANY_TYPE as 'string' });

/** A whole number between `min` and `max`. */
export const IsWhole = (min: number, max: number): PropertyDecorator =>
  applyDecorators(IsInt(), Min(min), Max(max), ApiProperty({ type: 'integer', minimum: min, maximum: max }));

/** Of an answer: a whole number, not below 0 unless said. */
export const Whole = (bounds: { minimum?: number; maximum?: number } = {}): PropertyDecorator =>
  ApiProperty({ type: 'integer', minimum: 0, ...bounds });

/** Of an answer: whole numbers by name. */
export const WholeByName = (): PropertyDecorator =>
  ApiProperty({ type: 'object', additionalProperties: { type: 'integer', minimum: 0 } });

/**
 * A time of RFC 3339 with its offset, between the years 1970 and 2999, made a Date. Digits beyond milliseconds are
 * cut; a leap second is refused, as a Date has none.
 */
export const IsRfc3339 = (): PropertyDecorator =>
  applyDecorators(
    rule('isRfc3339', (value) => value instanceof Date, '$property must be a time such as 2026-01-31T09:30:00Z', {
      convert: (raw) => (typeof raw === 'string' ? (parseTime(raw) ?? raw) : raw),
    }),
    ApiProperty({ type: 'string', format: 'date-time' }),
  );

const MAX_LABELS = 64;
const MAX_LABEL_KEY = 128;
const MAX_LABEL_VALUE = 256;

/** Labels: at most 64 short strings by name. */
export const IsLabels = (): PropertyDecorator =>
  applyDecorators(
    rule(
      'isLabels',
      isLabels,
      `$property must hold at most ${MAX_LABELS} strings of up to ${MAX_LABEL_VALUE} characters, under names of 1 to ${MAX_LABEL_KEY}`,
    ),
    ApiProperty({
      type: 'object',
      maxProperties: MAX_LABELS,
      additionalProperties: { type: 'string', maxLength: MAX_LABEL_VALUE },
    }),
  );

function isLabels(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MAX_LABELS &&
    entries.every(([key, label]) => {
      return key !== '' && key.length <= MAX_LABEL_KEY && typeof label === 'string' && label.length <= MAX_LABEL_VALUE;
    })
  );
}

/** `@IdParam() id: string`, `@IdParam('taskId') taskId: string`: a UUID in the path, else 400 naming the parameter. */
export const IdParam = (name = 'id'): ParameterDecorator =>
  Param(
    name,
    new ParseUUIDPipe({
      exceptionFactory: () => InvalidInput.of(name, 'isUuid', `${name} in the path must be a UUID.`),
    }),
    // PostgreSQL takes a UUID in any case; the keys of caches and batches do not.
    { transform: (id: string) => id.toLowerCase() },
  );

/** A rule of class-validator that also carries what the DTO pipe needs to know of its field. */
export function rule(
  name: string,
  validate: (value: unknown) => boolean,
  message: string | ((args: ValidationArguments) => string),
  context: FieldContext = {},
): PropertyDecorator {
  return ValidateBy({ name, validator: { validate, defaultMessage: (args) => textOf(message, args) } }, { context });
}

function textOf(
  message: string | ((args: ValidationArguments) => string),
  args: ValidationArguments | undefined,
): string {
  if (typeof message === 'string') return message;
  return args ? message(args) : '$property is refused';
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
