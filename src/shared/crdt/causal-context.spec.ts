import fc from 'fast-check';
import type { InvalidInput } from '../errors/index.js';
import { CausalContext } from './causal-context.js';

const counters = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 12 });
const contextOf = (numbers: readonly number[]) =>
  CausalContext.of(numbers.map((counter) => ({ replica: 'ada', counter })));
const sorted = (numbers: Iterable<number>) => [...new Set(numbers)].sort((a, b) => a - b);

describe('[S158] a causal context', () => {
  it('is a set of operations, whatever the ranges it keeps them in', () => {
    fc.assert(
      fc.property(counters, counters, (a, b) => {
        const [one, other] = [contextOf(a), contextOf(b)];
        expect([...one.counters('ada')]).toEqual(sorted(a));
        expect([...one.union(other).counters('ada')]).toEqual(sorted([...a, ...b]));
        expect([...one.without(other).counters('ada')]).toEqual(sorted(a.filter((n) => !b.includes(n))));
        expect(one.count('ada')).toBe(new Set(a).size);
        expect(one.last('ada')).toBe(Math.max(0, ...a));
        for (let n = 0; n <= 13; n++) expect(one.has('ada', n)).toBe(a.includes(n));
        const gap = Array.from({ length: 13 }, (_, n) => n + 1).find((n) => !a.includes(n)) ?? 13;
        expect(one.clock().get('ada')).toBe(gap - 1);
        expect(CausalContext.fromJSON(JSON.parse(JSON.stringify(one))).toJSON()).toEqual(one.toJSON());
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps what follows without a gap as one range', () => {
    expect(contextOf([3, 1, 2, 7, 5, 6, 1]).toJSON()).toEqual({
      ada: [
        [1, 3],
        [5, 7],
      ],
    });
    const all = CausalContext.fromJSON({ ada: [[1, 9]] });
    expect(all.without(contextOf([4])).toJSON()).toEqual({
      ada: [
        [1, 3],
        [5, 9],
      ],
    });
    expect(all.without(all).toJSON()).toEqual({});
  });

  it.each([
    [7, 'context', 'isObject'],
    [{ ada: 7 }, 'context.ada', 'isArray'],
    [{ ada: [7] }, 'context.ada[0]', 'isArray'],
    [{ ada: [[0, 1]] }, 'context.ada[0][0]', 'isWhole'],
    [{ ada: [[1]] }, 'context.ada[0][1]', 'isWhole'],
    [{ ada: [[1, 2, 3]] }, 'context.ada[0]', 'isRange'],
    [{ ada: [[2, 1]] }, 'context.ada[0]', 'isRange'],
  ])('refuses what is none: %j', (json, field, rule) => {
    expect.assertions(1);
    try {
      CausalContext.fromJSON(json);
    } catch (error) {
      expect((error as InvalidInput).violations[0]).toMatchObject({ field, rule });
    }
  });
});
