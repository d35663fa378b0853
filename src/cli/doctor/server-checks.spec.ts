import { clockDifference } from './server-checks.js';

const THEIRS = 'Thu, 01 Jan 2026 12:00:00 GMT';
const NOON = Date.parse(THEIRS);

describe('clockDifference', () => {
  // The server cut its time to the second, so it was anywhere from :00.000 to :00.999 when it answered.
  it.each([
    [NOON, NOON + 20],
    [NOON + 990, NOON + 995],
    [NOON - 1_900, NOON - 1_890],
    [NOON + 2_900, NOON + 2_990],
  ])('finds nothing from %s to %s', (before, after) => {
    expect(clockDifference(THEIRS, before, after).findings).toEqual([]);
  });

  it('tells which clock is ahead, and at least by how much', () => {
    expect(clockDifference(THEIRS, NOON - 60_100, NOON - 60_000).detail).toContain('60.0 s ahead');
    expect(clockDifference(THEIRS, NOON + 60_999, NOON + 61_100).detail).toContain('60.0 s behind');
  });

  it('does without a server that tells no time', () => {
    expect(clockDifference(null, NOON, NOON)).toMatchObject({ skipped: true, findings: [] });
  });
});
