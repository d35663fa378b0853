import fc from 'fast-check';
import { InvalidInput } from './errors.js';
import { assertStorable, MAX_DEPTH, placeOf } from './storable.js';

function refusalOf(value: unknown, path?: string): [string, string] | undefined {
  try {
    assertStorable(value, path);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const [violation] = error.violations;
    return violation && [violation.field, violation.rule];
  }
}

const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc
        .string({ unit: 'grapheme' })
        .filter((key) => !key.includes('\0') && !['__proto__', 'constructor'].includes(key)),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;

it('passes every JSON value without NUL', () => {
  fc.assert(fc.property(plain, (value) => refusalOf(value) === undefined));
});

it('finds one bad leaf wherever it stands, and names the way to it', () => {
  const bad = fc.constantFrom<[unknown, string]>(
    ['a\0b', 'noNul'],
    ['\ud800', 'isWellFormed'],
    ['x\udc00\ud800', 'isWellFormed'],
    [NaN, 'isExactNumber'],
    [-Infinity, 'isExactNumber'],
    [10n, 'isJson'],
    [new Map(), 'isJson'],
    [() => 1, 'isJson'],
    [JSON.parse('{"__proto__":1}'), 'noPrototype'],
  );
  const steps = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.constantFrom('a', 'b-c', 'd.e', '')), { maxLength: 20 });
  fc.assert(
    fc.property(steps, bad, plain, (path, [leaf, rule], other) => {
      const value = path.reduceRight<unknown>(
        (inner, step) =>
          typeof step === 'number' ? [...Array<unknown>(step).fill(other), inner] : { z: other, [step]: inner },
        leaf,
      );
      const place = path.reduce<string>(placeOf, 'parameters');
      const field = rule === 'noPrototype' ? `${place}.__proto__` : place;
      expect(refusalOf(value, 'parameters')).toEqual([field, rule]);
    }),
  );
});

it('refuses bad keys under a name that can be shown', () => {
  expect(refusalOf({ a: { 'x\0': 1 } })).toEqual(['a["x\\u0000"]', 'noNul']);
  expect(refusalOf({ ['\ud83d']: 1 })).toEqual(['["\\ud83d"]', 'isWellFormed']);
  const [field] = refusalOf({ [`\0${'k'.repeat(100_000)}`]: 1 }) ?? [];
  expect(field?.length).toBeLessThan(100);
});

it('stops at the limit of depth, cycles included', () => {
  expect(refusalOf(nested(MAX_DEPTH))).toBeUndefined();
  expect(refusalOf(nested(MAX_DEPTH + 1))?.[1]).toBe('maxDepth');
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(refusalOf(cycle)?.[1]).toBe('maxDepth');
});

it('allows a member named constructor, but none that brings a prototype', () => {
  expect(refusalOf({ constructor: 'x', a: { constructor: { b: 1 } } })).toBeUndefined();
  expect(refusalOf({ constructor: { prototype: {} } })).toEqual(['constructor', 'noPrototype']);
});

it('leaves out undefined members, as JSON does, but not undefined items', () => {
  expect(refusalOf({ a: undefined })).toBeUndefined();
  expect(refusalOf([undefined])).toEqual(['[0]', 'isJson']);
});
