import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { type ValidationError, validateSync } from 'class-validator';
import { InvalidInput, placeOf, type Violation } from '../errors/index.js';
import { type DtoClass, type FieldContext, type Nesting, planOf } from './dto-plan.js';

/** More violations than a caller reads would only repeat its body back to it. */
const MAX_VIOLATIONS = 50;

const BUILT_IN = new Set<unknown>([undefined, String, Number, Boolean, Array, Object, Date, Buffer]);

/**
 * Turns bodies and queries into instances of their DTO classes, or refuses them with every violated field. Set once,
 * for all routes. It does not use class-transformer: that one walks free JSON too, loses its members named
 * `constructor` or `toString`, and throws on `{"constructor": 1}`.
 */
@Injectable()
export class DtoPipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || BUILT_IN.has(metatype)) return value;
    return validated(metatype as DtoClass, value ?? (type === 'body' && value === null ? value : {}), type);
  }
}

/**
 * The same for callers that have no HTTP request, such as the other gateways.
 * @throws InvalidInput
 */
export function validated<T extends object>(dto: DtoClass<T>, value: unknown, what = 'value'): T {
  if (!isPlainObject(value)) throw InvalidInput.of(what, 'isObject', `The ${what} must be a JSON object.`);

  const reading = new Reading();
  const instance = reading.instantiate(dto, value, '');
  // Only what was found wrong is asked of class-validator, for its words.
  if (reading.brokeRules) collect(validateSync(instance, { forbidUnknownValues: false }), '', reading.violations);
  if (reading.violations.length > 0) throw refusal(reading.violations);
  return instance;
}

/** One value being made into its DTO, and what was wrong with it. */
class Reading {
  readonly violations: Violation[] = [];
  brokeRules = false;

  instantiate<T extends object>(dto: DtoClass<T>, raw: object, path: string): T {
    const plan = planOf(dto);
    const instance = new dto();

    for (const key of Object.keys(raw)) {
      if (!plan.has(key)) this.violations.push(unknownField(placeOf(path, key), [...plan.keys()]));
    }
    for (const [key, field] of plan) {
      const sent: unknown = Object.hasOwn(raw, key) ? Reflect.get(raw, key) : undefined;
      const value = field.nested ? this.nestedIn(sent, field.nested, placeOf(path, key)) : convertedBy(field, sent);
      const kept = value === undefined ? field.fallback : value;
      if (kept !== undefined) Reflect.set(instance, key, kept);
    }
    for (const [key, { holds }] of plan) {
      this.brokeRules ||= !holds(instance, Reflect.get(instance, key));
    }
    return instance;
  }

  /** What is no such object or list is kept as it came, for the field's rules to refuse. */
  private nestedIn(sent: unknown, nested: Nesting, path: string): unknown {
    if (nested.list && Array.isArray(sent)) return this.instantiateItems(nested.dto(), sent, path);
    return !nested.list && isPlainObject(sent) ? this.instantiate(nested.dto(), sent, path) : sent;
  }

  /** Items are refused here: class-validator passes over null and over lists in lists. */
  private instantiateItems(dto: DtoClass, items: unknown[], path: string): unknown[] {
    return items.map((item, index) => {
      const place = placeOf(path, index);
      if (isPlainObject(item)) return this.instantiate(dto, item, place);
      this.violations.push({ field: place, rule: 'isObject', message: `${place} must be an object.` });
      return item;
    });
  }
}

const convertedBy = ({ convert }: FieldContext, sent: unknown): unknown =>
  convert && sent !== undefined ? convert(sent) : sent;

function collect(errors: readonly ValidationError[], path: string, violations: Violation[]): void {
  for (const error of errors) {
    const place = placeOf(path, Array.isArray(error.target) ? Number(error.property) : error.property);
    const broken = Object.entries(error.constraints ?? {}).filter(([rule]) => rule !== 'nestedValidation');
    // Rules run from the decorator next to the field upwards, so the last is the one written first: the type.
    const [rule, message] = broken.at(-1) ?? [];
    if (rule !== undefined && message !== undefined) violations.push(violation(place, error, rule, message));
    collect(error.children ?? [], place, violations);
  }
}

function violation(field: string, error: ValidationError, rule: string, message: string): Violation {
  if (error.value === undefined) return { field, rule: 'isDefined', message: `${field} is required.` };
  return { field, rule, message: sentence(message.replace(error.property, () => field)) };
}

function unknownField(field: string, known: readonly string[]): Violation {
  return {
    field,
    rule: 'isKnown',
    message: `${field} is not a known field; known are ${[...known].sort().join(', ')}.`,
  };
}

function refusal(violations: readonly Violation[]): InvalidInput {
  const named = violations.slice(0, MAX_VIOLATIONS);
  const told = named.slice(0, 3).map((one) => one.message);
  const more = violations.length - told.length;
  return new InvalidInput(named, [...told, ...(more > 0 ? [`And ${more} more.`] : [])].join(' '));
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

const sentence = (text: string): string => (text.endsWith('.') ? text : `${text}.`);
