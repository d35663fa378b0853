import type { JsonObject } from '../../shared/errors/index.js';
import { History, type HistoryEvent, type Rule, RULES, type Told } from './history.js';

type Step = [type: string, taskId: string, data?: JsonObject];

const waitsFor = (...ids: string[]): JsonObject[] => ids.map((taskId) => ({ taskId, kind: 'blocks' }));
const created = (id: string, data: JsonObject = {}): Step => ['task.created', id, { dependsOn: [], ...data }];
const claimed = (id: string, epoch = 1, agentId = 'ada'): Step => ['task.claimed', id, { agentId, epoch }];
const completed = (id: string, epoch = 1, agentId = 'ada'): Step => ['task.completed', id, { agentId, epoch }];
const ended = (type: string, id: string, epoch = 1, agentId = 'ada'): Step => [`task.${type}`, id, { agentId, epoch }];

/** Steps as a log: numbered from `first`, a second apart. */
const log = (steps: readonly Step[], first = 1): HistoryEvent[] =>
  steps.map(([type, id, data = {}], index) => ({
    type,
    subject: `task/${id}`,
    time: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
    sequence: first + index,
    data,
  }));

function judge(events: readonly HistoryEvent[], answers: readonly Told[] = [], after = 0) {
  const history = new History(after);
  for (const event of events) history.see(event);
  return history.verdict(answers);
}

const told = (answer: Told['answer'], taskId = 'a', epoch = 1, agentId = 'ada'): Told => ({
  answer,
  taskId,
  epoch,
  agentId,
});

/** Two tasks in order, one of them at the third try, and one that came in completed. */
const GOOD: readonly Step[] = [
  created('old', { status: 'completed' }),
  created('a'),
  created('b', { dependsOn: waitsFor('a', 'old') }),
  claimed('a', 1, 'ada'),
  ended('attempt_failed', 'a', 1, 'ada'),
  claimed('a', 2, 'bob'),
  ended('lease_expired', 'a', 2, 'bob'),
  claimed('a', 3, 'bob'),
  ['task.progressed', 'a', { agentId: 'bob', epoch: 3, percent: 50 }],
  completed('a', 3, 'bob'),
  claimed('b', 1),
  ended('released', 'b', 1),
  claimed('b', 2),
  completed('b', 2),
];
const GOOD_ANSWERS = [
  told('claimed', 'b', 2),
  told('completed', 'b', 2),
  told('claimed', 'a', 1),
  told('refused', 'a', 2, 'bob'),
];

describe('History', () => {
  it('finds nothing in a good one, and counts it', () => {
    expect(judge(log(GOOD), GOOD_ANSWERS)).toEqual({
      clean: true,
      events: 14,
      tasks: 3,
      claims: 5,
      completions: 2,
      answers: 4,
      unknownBlockers: 0,
      violationCount: 0,
      violations: [],
    });
  });

  const whole = log([created('a'), claimed('a'), completed('a')]);
  const at = (index: number, change: Partial<HistoryEvent>): HistoryEvent[] =>
    whole.map((event, i) => (i === index ? { ...event, ...change } : event));

  const planted: Record<Rule, { events: HistoryEvent[]; answers?: Told[] }> = {
    sequence_gap: { events: at(2, { sequence: 4 }) },
    time_backwards: { events: at(2, { time: '2025-01-01T00:00:00.000Z' }) },
    claimed_while_held: {
      events: log([created('a'), claimed('a', 1), claimed('a', 2, 'bob'), completed('a', 2, 'bob')]),
    },
    epoch_not_rising: {
      events: log([created('a'), claimed('a', 1), ended('released', 'a', 1), claimed('a', 1), completed('a', 1)]),
    },
    claimed_when_done: { events: log([created('a'), claimed('a'), completed('a'), claimed('a', 2)]) },
    claimed_before_blocker: {
      events: log([created('b'), created('a', { dependsOn: waitsFor('b') }), claimed('a'), completed('a')]),
    },
    ended_by_other: { events: log([created('a'), claimed('a', 2), completed('a', 1)]) },
    completed_twice: { events: log([created('a'), claimed('a'), completed('a'), completed('a')]) },
    told_but_not_claimed: { events: whole, answers: [told('claimed', 'a', 1, 'bob')] },
    given_twice: { events: whole, answers: [told('claimed'), told('claimed')] },
    told_but_not_completed: { events: log([created('a'), claimed('a')]), answers: [told('completed')] },
    refused_but_completed: { events: whole, answers: [told('refused')] },
  };

  it.each(Object.keys(RULES) as Rule[])('finds %s, and nothing else', (rule) => {
    const { events, answers } = planted[rule];
    const { clean, violations } = judge(events, answers);
    expect(clean).toBe(false);
    expect(violations.map((violation) => violation.rule)).toEqual([rule]);
  });

  it.each([
    ['a completion by another agent', [claimed('a', 1, 'ada'), completed('a', 1, 'bob')]],
    ['a completion of what nobody holds', [completed('a', 1)]],
    ['an attempt that ends twice', [claimed('a'), ended('attempt_failed', 'a'), ended('lease_expired', 'a')]],
    ['a completion after the lease was over', [claimed('a'), ended('lease_expired', 'a'), completed('a')]],
  ])('finds %s', (_, steps) => {
    expect(judge(log([created('a'), ...steps])).violations).toMatchObject([{ rule: 'ended_by_other', taskId: 'a' }]);
  });

  it('says where a violation is', () => {
    const { violations } = judge(log([created('a'), claimed('a', 1), claimed('a', 2, 'bob')]));
    expect(violations).toEqual([
      {
        rule: 'claimed_while_held',
        taskId: 'a',
        sequence: 3,
        detail: 'agent bob under epoch 2 while agent ada under epoch 1 holds it',
      },
    ]);
  });

  it('finds a blocker that was completed only after the claim', () => {
    const steps = [
      created('b'),
      created('a', { dependsOn: waitsFor('b') }),
      claimed('b'),
      claimed('a'),
      completed('b'),
    ];
    expect(judge(log(steps)).violations).toMatchObject([{ rule: 'claimed_before_blocker', sequence: 4 }]);
  });

  it('does not take a cancelled import for a completed one', () => {
    const steps = [created('b', { status: 'cancelled' }), created('a', { dependsOn: waitsFor('b') }), claimed('a')];
    expect(judge(log(steps)).violations).toMatchObject([{ rule: 'claimed_before_blocker' }]);
  });

  it('does not judge blockers that are not in the log, and says how many', () => {
    const verdict = judge(log([created('a', { dependsOn: waitsFor('elsewhere') }), claimed('a')]));
    expect(verdict).toMatchObject({ clean: true, unknownBlockers: 1 });
  });

  it('begins at the floor of a log whose beginning was dropped', () => {
    const steps = [completed('a', 4), claimed('b', 9), completed('b', 9), claimed('b', 10)];
    expect(judge(log(steps, 101), [], 100).violations.map(({ rule }) => rule)).toEqual(['claimed_when_done']);
    expect(judge(log(steps, 102), [], 100).violations.map(({ rule }) => rule)).toContain('sequence_gap');
  });

  it('finds a first event that is not the first', () => {
    expect(judge(whole.slice(1)).violations[0]).toMatchObject({ rule: 'sequence_gap', sequence: 2 });
  });

  it('keeps a hundred violations and counts all', () => {
    const steps = Array.from({ length: 300 }, (): Step => completed('a'));
    const { violations, violationCount } = judge(log([created('a'), claimed('a'), ...steps]));
    expect([violations.length, violationCount]).toEqual([100, 299]);
  });
});
