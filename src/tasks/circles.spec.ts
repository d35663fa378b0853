import { circles } from './circles.js';

const edges = (...pairs: string[]) => pairs.map((pair) => ({ blockedId: pair.charAt(0), blockerId: pair.charAt(1) }));

describe('circles', () => {
  it('finds none where every task can be done', () => {
    expect(circles([])).toEqual([]);
    expect(circles(edges('ab', 'ac', 'bd', 'cd', 'ab'))).toEqual([]);
  });

  it('finds those that wait for each other, and not who waits for them', () => {
    expect(circles(edges('ab', 'bc', 'ca', 'xa', 'yx', 'az')).map((one) => one.toSorted())).toEqual([['a', 'b', 'c']]);
    expect(circles(edges('aa'))).toEqual([['a']]);
    expect(circles(edges('ab', 'ba', 'cd', 'dc'))).toHaveLength(2);
  });
});
