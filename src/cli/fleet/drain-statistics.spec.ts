import type { JsonObject } from '../../shared/errors/index.js';
import { DrainStatistics } from './drain-statistics.js';

type Step = [ms: number, type: string, taskId: string, data?: JsonObject];
const START = Date.UTC(2026, 0, 1);

function figures(steps: readonly Step[], firstClaim = { taskId: 'a', epoch: 1 }) {
  const statistics = new DrainStatistics(['ada', 'bob'], [firstClaim]);
  steps.forEach(([ms, type, id, data = {}], index) =>
    statistics.see({
      type: `task.${type}`,
      subject: `task/${id}`,
      time: new Date(START + ms).toISOString(),
      sequence: index + 1,
      feed: 'feed',
      data,
    }),
  );
  return statistics.figures();
}

const by = (agentId: string, epoch = 1): JsonObject => ({ agentId, epoch });

const waitsFor = (...ids: string[]): JsonObject[] => ids.map((taskId) => ({ taskId, kind: 'blocks' }));

describe('DrainStatistics', () => {
  it('measures from ready to claimed: from the creation, the last blocker, the last attempt, not before the fleet', () => {
    const { readyToClaimedMs } = figures([
      [0, 'created', 'a'],
      [0, 'created', 'b', { dependsOn: waitsFor('a') }],
      [1_000, 'claimed', 'a', by('ada')], // 0: it was there long before the fleet
      [1_100, 'completed', 'a', by('ada')],
      [1_110, 'claimed', 'b', by('bob')], // 10 after its blocker
      [1_200, 'attempt_failed', 'b', { ...by('bob'), outcome: 'failed' }],
      [1_230, 'claimed', 'b', by('bob', 2)], // 30 after the attempt before
      [1_300, 'created', 'c'],
      [1_320, 'claimed', 'c', by('ada')], // 20 after its creation
    ]);
    expect(readyToClaimedMs).toEqual({ p50: 10, p95: 30 });
  });

  it('counts what the fleet did, and not what was before or is of others', () => {
    const result = figures([
      [0, 'created', 'old'],
      [1, 'claimed', 'old', by('ada')],
      [2, 'completed', 'old', by('ada')],
      [10, 'created', 'a'],
      [10, 'created', 'b'],
      [10, 'created', 'theirs'],
      [1_000, 'claimed', 'a', by('ada')],
      [1_000, 'claimed', 'theirs', by('zoe')],
      [1_500, 'completed', 'theirs', by('zoe')],
      [2_000, 'lease_expired', 'a', { ...by('ada'), outcome: 'expired' }],
      [2_100, 'claimed', 'a', by('bob', 2)],
      [2_200, 'failed', 'a', { ...by('bob', 2), outcome: 'failed' }],
      [2_300, 'claimed', 'b', by('bob')],
      [3_000, 'completed', 'b', by('bob')],
    ]);
    expect(result).toMatchObject({
      completed: 1,
      lostLeases: 1,
      failedAttempts: 1,
      failed: 1,
      seconds: 2,
      perSecond: 0.5,
    });
  });

  it('finds the longest chain among what the fleet completed, in edges', () => {
    const chain = (id: string, ...blockedBy: string[]): Step => [
      0,
      'created',
      id,
      { dependsOn: waitsFor(...blockedBy) },
    ];
    const done = (...ids: string[]): Step[] =>
      ids.flatMap((id, index): Step[] => [
        [index, 'claimed', id, by('ada')],
        [index, 'completed', id, by('ada')],
      ]);
    const created = [chain('old'), chain('a', 'old'), chain('b', 'a'), chain('c', 'a', 'b'), chain('alone')];
    expect(figures([...created, ...done('a', 'b', 'c', 'alone')]).longestChain).toBe(2);
    expect(figures([...created, ...done('a', 'alone')]).longestChain).toBe(0);
  });

  it('is all zeros where nothing was claimed', () => {
    expect(figures([])).toEqual({
      completed: 0,
      lostLeases: 0,
      failedAttempts: 0,
      failed: 0,
      seconds: 0,
      perSecond: 0,
      readyToClaimedMs: { p50: 0, p95: 0 },
      longestChain: 0,
    });
  });
});
