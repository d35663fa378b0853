import * as fc from 'fast-check';
import { blame } from './blame.js';
import { splicesBetween } from './splices.js';

const newer = (one: number, other: number): boolean => one > other;

describe('blame', () => {
  const of = (...texts: string[]) => {
    const changes = texts.slice(1).map((text, n) => ({ splices: splicesBetween(texts[n] ?? '', text), by: n + 1 }));
    return blame({ content: texts[0] ?? '', by: 0 }, changes, newer);
  };

  it('names the last change that touched a line', () => {
    expect(of('one\ntwo\nthree\n', 'one\n2\nthree\n', 'one\n2\nthree\nfour').lines).toEqual([
      { from: 1, to: 1, by: 0 },
      { from: 2, to: 2, by: 1 },
      { from: 3, to: 3, by: 0 },
      { from: 4, to: 4, by: 2 },
    ]);
    expect(of('one two', 'one 2', 'ONE 2').lines).toEqual([{ from: 1, to: 1, by: 2 }]);
    expect(of('').lines).toEqual([]);
  });

  it('covers each line of the last text once, and blames nobody for what he did not touch', () => {
    const text = fc.array(fc.constantFrom('a\n', 'b\n', '\n', 'end'), { maxLength: 8 }).map((all) => all.join(''));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), (texts) => {
        const { content, lines } = of(...texts);
        expect(content).toBe(texts.at(-1));
        const count = (content.match(/[^\n]*\n|[^\n]+$/g) ?? []).length;
        expect(lines.reduce((next, { from, to }) => (from === next && to >= from ? to + 1 : NaN), 1)).toBe(count + 1);
        for (const { by } of lines) expect(by === 0 || texts[by] !== texts[by - 1]).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
