import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { rule, Omittable } from './fields.js';

export interface QueryListOptions {
  /** The values that are allowed; any, when left out. */
  of?: readonly string[];
  /** The most values one query may give; 100 when left out. */
  max?: number;
}

/** `?status=pending,failed` or `?status=pending&status=failed` → string[]; an empty parameter counts as not given. */
export function QueryList({ of, max = 100 }: QueryListOptions = {}): PropertyDecorator {
  const allowed = of && new Set(of);
  const isAllowed = (value: unknown): boolean =>
    isStrings(value) && value.length <= max && value.every((one) => allowed?.has(one) ?? true);
  return applyDecorators(
    Omittable(),
    rule(
      of ? 'isIn' : 'isList',
      isAllowed,
      `$property must be up to ${max} values, separated by commas${of ? `, out of ${of.join(', ')}` : ''}`,
      { convert: listOf },
    ),
    ApiPropertyOptional({ type: 'array', items: { type: 'string', ...(of && { enum: [...of] }) }, maxItems: max }),
  );
}

function listOf(raw: unknown): unknown {
  const parts = typeof raw === 'string' ? [raw] : raw;
  if (!isStrings(parts)) return raw;
  const values = parts.flatMap((part) => part.split(',')).map((part) => part.trim());
  const given = values.filter((value) => value !== '');
  return given.length === 0 ? undefined : given;
}

/** A whole number between `min` and `max`, given once; `fallback` when it is not. */
export function QueryInt(min: number, max: number, fallback?: number): PropertyDecorator {
  return applyDecorators(
    Omittable(),
    rule(
      'isInt',
      (value) => typeof value === 'number' && value >= min && value <= max,
      `$property must be a whole number from ${min} to ${max}, given once`,
      {
        convert: (raw) => (typeof raw === 'string' && /^-?\d{1,15}$/.test(raw) ? Number(raw) : raw),
        ...(fallback !== undefined && { fallback }),
      },
    ),
    ApiPropertyOptional({ type: 'integer', minimum: min, maximum: max, default: fallback }),
  );
}

/** `true` or `false`, given once. */
export function QueryBoolean(fallback?: boolean): PropertyDecorator {
  return applyDecorators(
    Omittable(),
    rule('isBoolean', (value) => typeof value === 'boolean', '$property must be true or false, given once', {
      convert: (raw) => (raw === 'true' ? true : raw === 'false' ? false : raw),
      ...(fallback !== undefined && { fallback }),
    }),
    ApiPropertyOptional({ type: 'boolean', default: fallback }),
  );
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
