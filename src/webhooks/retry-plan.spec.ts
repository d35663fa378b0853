import { pauseAfter } from './retry-plan.js';
import { RETRY_SECONDS } from './webhook.settings.js';

describe('the pauses between attempts', () => {
  it('follow the plan, up to a tenth longer or shorter, and end', () => {
    for (const [index, seconds] of RETRY_SECONDS.entries()) {
      const pause = pauseAfter(index + 1, RETRY_SECONDS) ?? Number.NaN;
      expect(Math.abs(pause - seconds)).toBeLessThanOrEqual(seconds / 10);
    }
    expect(pauseAfter(RETRY_SECONDS.length + 1, RETRY_SECONDS)).toBeUndefined();
  });

  it('come to about a day', () => {
    const hours = RETRY_SECONDS.reduce((all, one) => all + one, 0) / 3_600;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(25);
  });

  it('are as long as the endpoint asks for, up to eight hours, and never shorter for it', () => {
    expect(pauseAfter(1, [5], 60)).toBe(60);
    expect(pauseAfter(1, [5], 10 ** 9)).toBe(8 * 3_600);
    expect(pauseAfter(1, [1_000], 1)).toBeGreaterThanOrEqual(900);
    expect(pauseAfter(2, [5], 60)).toBeUndefined();
  });
});
