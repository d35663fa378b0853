import { getMetadataStorage, type ValidationArguments } from 'class-validator';

export type DtoClass<T extends object = object> = new () => T;

type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];

/** What our decorators leave in the `context` of a class-validator rule, where mapped types copy it along. */
export interface FieldContext {
  /** Makes the field's value from what was sent; what it cannot read it gives back, for the rule to refuse. */
  convert?: (raw: unknown) => unknown;
  /** The value of a field that was not sent. */
  fallback?: unknown;
  /** The class of a nested object, or of each item of a nested list. */
  nested?: Nesting;
}

export interface Nesting {
  dto: () => DtoClass;
  list: boolean;
}

export interface Field extends FieldContext {
  /** Whether the field's rules are content with its value. */
  holds: (instance: object, value: unknown) => boolean;
}

const plans = new Map<DtoClass, ReadonlyMap<string, Field>>();

/**
 * The fields a DTO knows: those with a rule of class-validator. The rules are looked up once a class; class-validator
 * looks through all classes for every object: with 60 of them it took 14 µs for a body of six fields, on top of
 * making the instance, where a new task of three fields out of 23 takes 2.5 for both.
 */
export function planOf(dto: DtoClass): ReadonlyMap<string, Field> {
  const known = plans.get(dto);
  if (known) return known;

  const rules = new Map<string, Rule[]>();
  for (const rule of getMetadataStorage().getTargetValidationMetadatas(dto, '', true, false)) {
    const context = rule.context as FieldContext | undefined;
    if (rule.type === 'nestedValidation' && !context?.nested) {
      throw new TypeError(`${dto.name}.${rule.propertyName} needs @Nested() or @NestedList(), not @ValidateNested().`);
    }
    rules.set(rule.propertyName, [...(rules.get(rule.propertyName) ?? []), rule]);
  }
  const plan = new Map([...rules].map(([name, its]) => [name, fieldOf(dto, its)]));
  plans.set(dto, plan);
  return plan;
}

function fieldOf(dto: DtoClass, rules: readonly Rule[]): Field {
  const conditions = rules.filter((rule) => rule.type === 'conditionalValidation').map(conditionOf);
  const checks = rules.filter((rule) => rule.type === 'customValidation').map((rule) => checkOf(dto, rule));
  const { convert, fallback, nested } = Object.assign(
    {},
    ...rules.map((rule) => rule.context as unknown),
  ) as FieldContext;
  return {
    // All members for every field, so that the engine knows one shape.
    convert,
    fallback,
    nested,
    holds: (instance, value) =>
      !conditions.every((applies) => applies(instance, value)) || checks.every((check) => check(instance, value)),
  };
}

type Check = (instance: object, value: unknown) => boolean;

const conditionOf = (rule: Rule): Check => rule.constraints[0] as Check;

function checkOf(dto: DtoClass, rule: Rule): Check {
  const { propertyName: property, constraints } = rule;
  const validators = getMetadataStorage().getTargetValidatorConstraints(rule.constraintCls);
  const accepts = (args: ValidationArguments): boolean =>
    validators.every((validator) => validator.instance.validate(args.value, args) === true);
  return (object, value) => {
    const about = (one: unknown): ValidationArguments => {
      return { value: one, constraints, targetName: dto.name, object, property };
    };
    return rule.each ? Array.isArray(value) && value.every((item) => accepts(about(item))) : accepts(about(value));
  };
}
