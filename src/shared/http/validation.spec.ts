import { PartialType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  ValidateNested,
  validateSync,
} from 'class-validator';
import fc from 'fast-check';
import { InvalidInput } from '../errors/index.js';
import { IsJsonObject, IsLabels, IsRfc3339, Nested, NestedList, Omittable } from './fields.js';
import { validated } from './validation.js';

class Link {
  @IsString()
  @Length(1, 3)
  to: string;
}

class Thing {
  @IsInt()
  @Max(9)
  count: number;

  @Omittable()
  @IsIn(['high', 'low'])
  priority?: string;

  @IsOptional()
  @IsString({ each: true })
  tags?: string[] | null;

  @Omittable()
  @IsRfc3339()
  runAt?: Date;

  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;

  @Omittable()
  @IsJsonObject()
  free?: object;

  @Omittable()
  @Nested(() => Link)
  link?: Link;

  @Omittable()
  @NestedList(() => Link)
  @ArrayMaxSize(2)
  links?: Link[];
}

const leaf = fc.constantFrom<unknown>(
  undefined,
  null,
  1,
  10,
  1.5,
  'high',
  'abcd',
  '',
  true,
  '2026-01-31T09:30:00Z',
  [],
  {},
  ['a'],
  ['a', 1],
);
const link = fc.oneof(leaf, fc.record({ to: leaf }), fc.record({ to: leaf, from: leaf }));
const thing = fc.record(
  {
    count: fc.oneof(fc.constant(1), leaf),
    priority: leaf,
    tags: leaf,
    runAt: leaf,
    labels: fc.oneof(leaf, fc.constant({ a: 'b' })),
    free: leaf,
    link,
    links: fc.oneof(leaf, fc.array(link, { maxLength: 3 })),
  },
  { requiredKeys: [] },
);

it('accepts only what class-validator accepts too', () => {
  fc.assert(
    fc.property(thing, (value) => {
      let made: Thing;
      try {
        made = validated(Thing, value);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidInput);
        return;
      }
      expect(validateSync(made, { forbidUnknownValues: true, whitelist: true, forbidNonWhitelisted: true })).toEqual(
        [],
      );
      expect(made.link === undefined || made.link instanceof Link).toBe(true);
      expect((made.links ?? []).every((one) => one instanceof Link)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

it('accepts what obeys every rule', () => {
  const value = {
    count: 3,
    priority: 'low',
    tags: ['a'],
    labels: {},
    free: { a: [1] },
    link: { to: 'a' },
    links: [{ to: 'b' }],
  };
  expect(validated(Thing, { ...value, runAt: '2026-01-31T09:30:00Z' })).toEqual({
    ...value,
    runAt: new Date('2026-01-31T09:30:00Z'),
  });
  expect(validated(Thing, { count: 3, tags: null })).toEqual({ count: 3, tags: null });
});

it('works on classes that are made from others', () => {
  class ThingPatch extends PartialType(Thing) {}
  expect(validated(ThingPatch, { runAt: '2026-01-31T09:30:00Z', links: [{ to: 'a' }] }).runAt).toBeInstanceOf(Date);
  expect(() => validated(ThingPatch, { links: [{ to: 5 }] })).toThrow('links[0].to must be');
});

it('passes over free JSON without looking into it', () => {
  const free = { constructor: 1, toString: 2, then: [] };
  expect(validated(Thing, { count: 1, free }).free).toBe(free);
});

it('tells the author of a DTO how nested fields are declared', () => {
  class Wrong {
    @ValidateNested()
    link: Link;
  }
  expect(() => validated(Wrong, { link: {} })).toThrow('Wrong.link needs @Nested()');
});
