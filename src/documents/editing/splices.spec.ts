import * as fc from 'fast-check';
import { applySplices, splicesBetween } from './splices.js';

const line = fc.constantFrom('a', 'b', '', '😀', '😁', 'same', 'x y');
const text = fc.oneof(
  fc.array(line, { maxLength: 30 }).map((lines) => lines.join('\n')),
  fc.string({ unit: 'binary' }),
);

describe('splices', () => {
  it('turn any text into any other', () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(applySplices(before, splicesBetween(before, after))).toBe(after);
      }),
      { numRuns: 500 },
    );
  });

  it('leave pairs of surrogates whole', () => {
    expect(splicesBetween('a😀b', 'a😁b')).toEqual([[1, 2, '😁']]);
    for (const [, , inserted] of splicesBetween('😀😀', '😀😁😀')) expect(inserted.isWellFormed()).toBe(true);
  });

  it('name the changed lines only', () => {
    expect(splicesBetween('one\ntwo\nthree\nfour\n', 'one\n2\nthree\n4\n')).toEqual([
      [4, 4, '2\n'],
      [14, 4, '4'],
    ]);
  });

  it('are one for texts that have nothing in common, however long', () => {
    const lines = (prefix: string) => Array.from({ length: 5_000 }, (_, n) => `${prefix}${n}\n`).join('');
    const [before, after] = [lines('a'), lines('b')];
    const splices = splicesBetween(before, after);
    expect(splices).toHaveLength(1);
    expect(applySplices(before, splices)).toBe(after);
  });

  it('are refused by a text that they do not fit', () => {
    expect(() => applySplices('abc', [[2, 2, '']])).toThrow(RangeError);
    expect(() => applySplices('abc', [[1, 2, ''], [2, 0, 'x']])).toThrow(RangeError); // prettier-ignore
    expect(() => applySplices('abc', [[0, -1, '']])).toThrow(RangeError);
  });
});
