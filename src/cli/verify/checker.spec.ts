import type { JsonObject } from '../../shared/errors/index.js';
import { Checker, type Verdict } from './checker.js';
import type { AnswerLine, CallLine, HistoryLine, HistoryTask } from './history-line.js';
import { type Rule, RULES } from './rules.js';

type Event = [type: string, taskId: string, data?: JsonObject];
type Ask = Partial<CallLine> & Pick<CallLine, 'operation'>;
type Tell = Partial<AnswerLine>;

const created = (id: string, data: JsonObject = {}): Event => ['created', id, { dependsOn: [], ...data }];
const claimed = (id: string, epoch = 1, agentId = 'ada', claimKind = 'agent'): Event => ['claimed', id, { agentId, epoch, claimKind }]; // prettier-ignore
const by = (type: string, id: string, epoch = 1, agentId = 'ada'): Event => [type, id, { agentId, epoch }];
const completed = (id: string, epoch = 1, agentId = 'ada'): Event => by('completed', id, epoch, agentId);
const after = (taskId: string, edge: JsonObject = {}): JsonObject => ({
  dependsOn: [{ taskId, kind: 'blocks', onFailure: 'hold', outcome: null, ...edge }],
});

/** Steps as a log: numbered from `first`, a second apart. */
const log = (steps: readonly Event[], first = 1, feed = 'w'): HistoryLine[] =>
  steps.map(([type, id, data = {}], index) => ({
    kind: 'event',
    event: {
      type: `task.${type}`,
      subject: `task/${id}`,
      time: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
      sequence: first + index,
      feed,
      data,
    },
  }));

/** Requests and their answers, one after the other, of one recorder. */
const talk = (...exchanges: [Ask, Tell?][]): HistoryLine[] =>
  exchanges.flatMap(([ask, tell], index): HistoryLine[] => {
    const at = '2026-01-01T00:00:00.000Z';
    const call: CallLine = { kind: 'call', n: 2 * index, at, id: `c${index}`, agent: 'ada', ...ask };
    return tell ? [call, { kind: 'answer', n: 2 * index + 1, at, callId: call.id, ...tell }] : [call];
  });

const ok: Tell = { status: 200 };
const lost: Tell = { lost: true };
const refused = (code = 'lease_lost'): Tell => ({ status: 409, code });
const claim = (taskId = 'a', epoch = 1, ask: Partial<CallLine> = {}): [Ask, Tell] => [
  { operation: 'claim', ...ask },
  { status: 200, leases: [{ taskId, epoch }] },
];
const write = (operation: string, ask: Partial<CallLine> = {}): Ask => ({ operation, taskId: 'a', epoch: 1, ...ask });

const row = (id: string, more: Partial<HistoryTask> = {}): HistoryLine => ({
  kind: 'task',
  task: { id, workspaceId: 'w', status: 'completed', epoch: 1, assignedTo: 'ada', openBlockers: 0, ...more },
});

function judge(lines: readonly HistoryLine[]): Verdict {
  const checker = new Checker();
  for (const line of lines) checker.see(line);
  return checker.verdict();
}
const broken = (lines: readonly HistoryLine[]): Rule[] => judge(lines).violations.map(({ rule }) => rule);

const WHOLE: readonly Event[] = [created('a'), claimed('a'), completed('a')];
const whole = log(WHOLE);

/** Two tasks in order, one of them at the third try, one that came in completed, and what the agents were told. */
const GOOD: readonly HistoryLine[] = [
  ...talk(
    [
      { operation: 'create', key: 'k' },
      { status: 201, tasks: ['a'], bodyHash: 'x' },
    ],
    [
      { operation: 'create', key: 'k' },
      { status: 201, tasks: ['a'], bodyHash: 'x' },
    ],
    claim('a', 1),
    [write('fail', { key: 'f' }), lost],
    [write('fail', { key: 'f' }), ok],
    [write('fail', { key: 'f' }), ok],
    claim('a', 2, { agent: 'bob' }),
    [
      { operation: 'heartbeat', agent: 'bob', leases: [{ taskId: 'a', epoch: 2 }] },
      { status: 200, results: [] },
    ],
    claim('a', 3, { agent: 'bob' }),
    [write('progress', { agent: 'bob', epoch: 3 }), ok],
    [write('complete', { agent: 'bob', epoch: 2 }), refused()],
    [write('complete', { agent: 'bob', epoch: 3, bodyHash: 'b' }), lost],
    [write('complete', { agent: 'bob', epoch: 3, bodyHash: 'b' }), { ...ok, leases: [{ taskId: 'b', epoch: 1 }] }],
    [
      { operation: 'claim', key: 'empty' },
      { status: 200, leases: [] },
    ],
    [
      { operation: 'claim', key: 'empty', agent: 'ada' },
      { status: 200, leases: [{ taskId: 'b', epoch: 2 }] },
    ],
    [write('complete', { taskId: 'b', epoch: 2 }), { status: 503 }],
    [write('release', { agent: 'bob', taskId: 'b' }), { status: 429 }],
  ),
  ...log([
    created('old', { status: 'completed' }),
    created('a'),
    created('b', { dependsOn: [...(after('a').dependsOn as []), ...(after('old').dependsOn as [])] }),
    claimed('a', 1, 'ada'),
    by('attempt_failed', 'a', 1, 'ada'),
    claimed('a', 2, 'bob'),
    by('lease_expired', 'a', 2, 'bob'),
    claimed('a', 3, 'bob'),
    by('progressed', 'a', 3, 'bob'),
    by('awaiting_input', 'a', 3, 'bob'),
    by('input_received', 'a', 3, 'bob'),
    completed('a', 3, 'bob'),
    claimed('b', 1, 'bob'),
    by('released', 'b', 1, 'bob'),
    claimed('b', 2),
    completed('b', 2),
  ]),
  row('old', { epoch: 0 }),
  row('a', { epoch: 3, assignedTo: 'bob' }),
  row('b', { epoch: 2 }),
];

describe('Checker', () => {
  it('finds nothing in a good history, and counts it', () => {
    const { rules, ...verdict } = judge(GOOD);
    expect(Object.values(rules)).toEqual(Object.keys(RULES).map(() => 0));
    expect(verdict).toEqual({
      clean: true,
      events: 16,
      tasks: 3,
      claims: 5,
      completions: 2,
      calls: 17,
      answers: 13,
      lost: 2,
      repeats: 4,
      rows: 3,
      unknownBlockers: 0,
      violationCount: 0,
      violations: [],
    });
  });

  const at = (index: number, change: object): HistoryLine[] =>
    whole.map((line, i) => (i === index && line.kind === 'event' ? { ...line, event: { ...line.event, ...change } } : line)); // prettier-ignore
  const twice = [created('a'), claimed('a'), by('released', 'a'), claimed('a', 2, 'bob')];

  const planted: Record<Rule, HistoryLine[]> = {
    sequence_gap: at(2, { sequence: 4 }),
    time_backwards: at(2, { time: '2025-01-01T00:00:00.000Z' }),
    finished_twice: log([...WHOLE, completed('a')]),
    claimed_while_held: log([created('a'), claimed('a'), claimed('a', 2, 'bob'), completed('a', 2, 'bob')]),
    epoch_not_rising: log([created('a'), claimed('a'), by('released', 'a'), claimed('a'), completed('a')]),
    claimed_when_done: log([...WHOLE, claimed('a', 2)]),
    claimed_before_blocker: log([created('b'), created('a', after('b')), claimed('a'), completed('a')]),
    not_by_holder: log([created('a'), claimed('a', 2), completed('a', 1)]),
    interactive_taken: log([created('a'), claimed('a', 1, 'ada', 'interactive'), by('lease_expired', 'a')]),
    told_but_not_claimed: [...whole, ...talk(claim('a', 1, { agent: 'bob' }))],
    told_but_not_done: [...log([created('a'), claimed('a')]), ...talk([write('complete'), ok])],
    given_twice: [...whole, ...talk(claim(), claim())],
    stale_accepted: [
      ...log(twice),
      ...talk(claim('a', 1), claim('a', 2, { agent: 'bob' }), [
        { operation: 'heartbeat', leases: [{ taskId: 'a', epoch: 1 }] },
        { status: 200, results: [{ taskId: 'a', epoch: 1 }] },
      ]),
    ],
    refused_but_done: [...whole, ...talk([write('complete'), refused()])],
    repeat_answered_otherwise: [
      ...whole,
      ...talk([write('complete', { bodyHash: 'b' }), ok], [write('complete', { bodyHash: 'b' }), refused()]),
    ],
    row_disagrees: [...whole, row('a', { status: 'in_progress' })],
  };

  it.each(Object.keys(RULES) as Rule[])('finds %s, and nothing else', (rule) => {
    const verdict = judge(planted[rule]);
    expect(verdict.violations.map((violation) => violation.rule)).toEqual([rule]);
    expect([verdict.clean, verdict.rules[rule], verdict.violationCount]).toEqual([false, 1, 1]);
  });

  it.each<[string, Event[]]>([
    ['a completion by another agent', [claimed('a', 1, 'ada'), completed('a', 1, 'bob')]],
    ['a completion of what nobody holds', [completed('a', 1)]],
    ['a lease that ends twice', [claimed('a'), by('attempt_failed', 'a'), by('lease_expired', 'a')]],
    ['a completion after the lease was over', [claimed('a'), by('lease_expired', 'a'), completed('a')]],
    ['progress under an older epoch', [claimed('a'), by('released', 'a'), claimed('a', 2), by('progressed', 'a')]],
    ['a cancellation that does not say who held it', [claimed('a'), ['cancelled', 'a', { agentId: null }]]],
  ])('finds %s', (_, steps) => {
    expect(judge(log([created('a'), ...steps])).violations).toMatchObject([{ rule: 'not_by_holder', taskId: 'a' }]);
  });

  it.each<[string, Event[]]>([
    ['a cancellation of what nobody holds', [['cancelled', 'a', { agentId: null }]]],
    ['what failed and is retried', [claimed('a'), by('failed', 'a'), ['retried', 'a'], claimed('a', 2)]],
    ['what failed and is cancelled', [claimed('a'), by('failed', 'a'), ['cancelled', 'a', { agentId: null }]]],
    ['an attempt whose time was over', [claimed('a'), by('attempt_timed_out', 'a'), claimed('a', 2)]],
    ['a cancellation asked for', [claimed('a'), ['cancel_requested', 'a'], completed('a')]],
  ])('knows %s', (_, steps) => {
    expect(broken(log([created('a'), ...steps]))).toEqual([]);
  });

  it('says where a violation is', () => {
    const { violations } = judge(log([created('a'), claimed('a', 1), claimed('a', 2, 'bob')]));
    const detail = 'agent bob under epoch 2 while agent ada under epoch 1 holds it';
    expect(violations).toEqual([{ rule: 'claimed_while_held', taskId: 'a', feed: 'w', sequence: 3, detail }]);
  });

  it('keeps a hundred violations and counts all', () => {
    const { violations, violationCount, rules } = judge(
      log([...WHOLE, ...Array.from({ length: 300 }, () => completed('a'))]),
    );
    expect([violations.length, violationCount, rules.finished_twice]).toEqual([100, 300, 300]);
  });
});

describe('Checker, of edges', () => {
  const BLOCKER = [created('b'), claimed('b')];
  const ends: Record<string, Event> = {
    completed: completed('b'),
    failed: by('failed', 'b'),
    cancelled: by('cancelled', 'b'),
    timeout: by('timed_out', 'b'),
  };

  it.each<[edge: JsonObject, lets: string[]]>([
    [{ kind: 'blocks' }, ['completed']],
    [{ kind: 'blocks', onFailure: 'proceed' }, ['completed', 'failed', 'cancelled', 'timeout']],
    [{ kind: 'waits_for' }, ['completed', 'failed', 'cancelled', 'timeout']],
    [{ kind: 'conditional', outcome: 'failed' }, ['failed']],
    [{ kind: 'conditional', outcome: 'timeout' }, ['timeout']],
    [{ kind: 'related' }, ['completed', 'failed', 'cancelled', 'timeout']],
  ])('%j lets the dependant go at %j', (edge, lets) => {
    const went = Object.entries(ends).filter(([, end]) => {
      return broken(log([...BLOCKER, created('a', after('b', edge)), end, claimed('a')])).length === 0;
    });
    expect(went.map(([name]) => name)).toEqual(lets);
  });

  it('holds a claim against a blocker that was completed only after it', () => {
    const steps = [...BLOCKER, created('a', after('b')), claimed('a'), completed('b')];
    expect(judge(log(steps)).violations).toMatchObject([{ rule: 'claimed_before_blocker', sequence: 4 }]);
  });

  it('knows edges that are added and removed', () => {
    const edge = { taskId: 'b', kind: 'blocks' };
    const added: Event[] = [...BLOCKER, created('a'), ['edge_added', 'a', { ...edge, onFailure: 'hold', outcome: null }]]; // prettier-ignore
    expect(broken(log([...added, claimed('a')]))).toEqual(['claimed_before_blocker']);
    expect(broken(log([...added, ['edge_removed', 'a', edge], claimed('a')]))).toEqual([]);
  });

  it('leaves an edge satisfied whatever its blocker does later', () => {
    const steps: Event[] = [...BLOCKER, created('a', after('b', { kind: 'waits_for' })), by('failed', 'b')];
    expect(broken(log([...steps, ['retried', 'b'], claimed('a')]))).toEqual([]);
    expect(broken(log([...BLOCKER, by('failed', 'b'), ['retried', 'b'], created('a', after('b', { kind: 'waits_for' })), claimed('a')]))).toEqual(['claimed_before_blocker']); // prettier-ignore
  });

  it('does not take a cancelled import for a completed one', () => {
    const steps = [created('b', { status: 'cancelled' }), created('a', after('b')), claimed('a')];
    expect(broken(log(steps))).toEqual(['claimed_before_blocker']);
  });

  it('knows a blocker that the batch made after its dependant', () => {
    const steps = [created('a', after('b')), created('b', { status: 'completed' }), claimed('a')];
    expect(broken(log(steps))).toEqual([]);
  });

  it('judges blockers of another feed by the time, in whatever order the feeds come', () => {
    const blocker = log([...BLOCKER, completed('b')], 1, 'v');
    const late = log([created('x'), created('y'), created('z'), created('a', after('b')), claimed('a')]);
    const early = log([created('a', after('b')), claimed('a')]);
    expect([broken([...blocker, ...late]), broken([...late, ...blocker])]).toEqual([[], []]);
    expect(broken([...early, ...blocker])).toEqual(['claimed_before_blocker']);
  });

  it('does not judge blockers that the history does not hold, and says how many', () => {
    const verdict = judge(log([created('a', after('elsewhere')), claimed('a')]));
    expect(verdict).toMatchObject({ clean: true, unknownBlockers: 1 });
  });
});

describe('Checker, of feeds', () => {
  it('begins at the floor of a log whose beginning was dropped', () => {
    const steps = [completed('a', 4), claimed('b', 9), completed('b', 9), claimed('b', 10)];
    const floor: HistoryLine = { kind: 'feed', feed: 'w', after: 100 };
    expect(broken([floor, ...log(steps, 101)])).toEqual(['claimed_when_done']);
    expect(broken([floor, ...log(steps, 102)])).toContain('sequence_gap');
    expect(broken(log(steps, 101))).toContain('sequence_gap');
  });

  it('takes what two records hold as one log, and wants each without a gap', () => {
    const checker = new Checker();
    for (const line of whole) checker.see(line, 'one');
    for (const line of log([...WHOLE, created('b')])) checker.see(line, 'two');
    expect(checker.verdict()).toMatchObject({ clean: true, tasks: 2, claims: 1 });
    const holed = new Checker();
    for (const line of whole) holed.see(line, 'one');
    for (const line of whole.toSpliced(1, 1)) holed.see(line, 'two');
    expect(holed.verdict().rules.sequence_gap).toBe(1);
  });
});

describe('Checker, of answers', () => {
  it.each<[string, Rule, HistoryLine[]]>([
    ['a task that was created and is not there', 'told_but_not_done', talk([{ operation: 'create' }, { status: 201, tasks: ['z'] }])], // prettier-ignore
    ['a failure', 'told_but_not_done', [...whole, ...talk([write('fail'), ok])]],
    ['a release', 'told_but_not_done', [...whole, ...talk([write('release'), ok])]],
    ['progress', 'told_but_not_done', [...whole, ...talk([write('progress'), ok])]],
    ['a completion by somebody else', 'told_but_not_done', [...whole, ...talk([write('complete', { agent: 'bob' }), ok])]], // prettier-ignore
    ['a heartbeat of a lease that the log does not know', 'told_but_not_claimed', [...whole, ...talk([{ operation: 'heartbeat', leases: [{ taskId: 'a', epoch: 7 }] }, ok])]], // prettier-ignore
    ['one lease given to two agents', 'given_twice', [...whole, ...talk(claim(), claim('a', 1, { agent: 'bob', key: 'k' }))]], // prettier-ignore
    ['the next task, given by a completion, that is not claimed', 'told_but_not_claimed', [...whole, ...talk([write('complete'), { ...ok, leases: [{ taskId: 'b', epoch: 1 }] }])]], // prettier-ignore
    ['another answer under the same key', 'repeat_answered_otherwise', [...whole, ...talk([write('complete', { key: 'k' }), { ...ok, bodyHash: 'x' }], [write('complete', { key: 'k' }), { ...ok, bodyHash: 'y' }])]], // prettier-ignore
    ['another body accepted under the same key', 'repeat_answered_otherwise', [...whole, ...talk([write('complete', { key: 'k', bodyHash: '1' }), ok], [write('complete', { key: 'k', bodyHash: '2' }), ok])]], // prettier-ignore
    ['a repeat that is refused although the first was done', 'repeat_answered_otherwise', [...whole, ...talk([write('complete', { key: 'k' }), ok], [write('complete', { key: 'k' }), refused()])]], // prettier-ignore
    ['a repeat that is refused although the lost first was done', 'refused_but_done', [...whole, ...talk([write('complete', { key: 'k' }), lost], [write('complete', { key: 'k' }), refused()])]], // prettier-ignore
  ])('finds %s', (_, rule, lines) => {
    expect(new Set(broken(lines))).toEqual(new Set([rule]));
  });

  it.each<[string, HistoryLine[]]>([
    ['another body that is refused under the same key', [...whole, ...talk([write('complete', { key: 'k', bodyHash: '1' }), ok], [write('complete', { key: 'k', bodyHash: '2' }), { status: 422, code: 'idempotency_key_reused' }])]], // prettier-ignore
    ['a refusal of another result after the completion', [...whole, ...talk([write('complete', { bodyHash: '1' }), ok], [write('complete', { bodyHash: '2' }), refused('invalid_transition')])]], // prettier-ignore
    ['a release without a key whose lost first was done', [...log([created('a'), claimed('a'), by('released', 'a')]), ...talk([write('release'), lost], [write('release'), refused()])]], // prettier-ignore
    ['a completion that waits for input and is accepted later', [...whole, ...talk([write('complete', { bodyHash: '1' }), refused('invalid_transition')], [write('complete', { bodyHash: '1' }), ok])]], // prettier-ignore
    ['a repeated claim that is answered with the same lease', [...whole, ...talk(claim('a', 1, { key: 'k' }), claim('a', 1, { key: 'k' }))]], // prettier-ignore
    ['a call that never was answered', [...whole, ...talk([write('complete')])]],
    ['a keyed repeat after somebody else has the task', [...log([created('a'), claimed('a'), by('released', 'a'), claimed('a', 2, 'bob')]), ...talk(claim(), [write('release', { key: 'k' }), lost], claim('a', 2, { agent: 'bob' }), [write('release', { key: 'k' }), ok])]], // prettier-ignore
  ])('knows %s', (_, lines) => {
    expect(broken(lines)).toEqual([]);
  });

  it('learns from the claim that it was interactive where the log does not say so, or says otherwise', () => {
    const events = log([created('a'), ['claimed', 'a', { agentId: 'ada', epoch: 1 }], by('lease_expired', 'a')]);
    expect(broken([...events, ...talk(claim('a', 1, { claimKind: 'human' }))])).toEqual(['interactive_taken']);
    expect(broken([...events, ...talk(claim())])).toEqual([]);
    const forgotten = log([created('a'), claimed('a', 1, 'ada', 'agent'), by('lease_expired', 'a')]);
    expect(broken([...forgotten, ...talk(claim('a', 1, { claimKind: 'human' }))])).toEqual(['interactive_taken']);
  });

  it.each<[string, HistoryLine[], RegExp]>([
    ['an answer without its call', [{ kind: 'answer', n: 1, at: 'now', callId: 'c9', lost: true }], /c9/],
    ['numbers that do not rise', [...talk([write('fail'), ok]), ...talk([write('fail', { id: 'c5' })])], /must rise/],
    ['a call that stands there twice', [...talk([write('fail')]), { ...talk([write('fail')])[0], n: 9 } as CallLine], /already/], // prettier-ignore
  ])('refuses %s', (_, lines, message) => {
    expect(() => judge(lines)).toThrow(message);
  });
});

describe('Checker, of final rows', () => {
  it.each<[string, Event[], Partial<HistoryTask> | undefined]>([
    ['another epoch', [...WHOLE], { epoch: 2 }],
    ['no end', [...WHOLE], { status: 'pending' }],
    ['an end that the log does not know', [created('a')], { epoch: 0 }],
    ['a holder that nobody is', [created('a'), claimed('a')], { status: 'pending', assignedTo: null }],
    ['another holder', [created('a'), claimed('a')], { status: 'in_progress', assignedTo: 'bob' }],
    ['open blockers although none is open', [created('a')], { status: 'pending', epoch: 0, openBlockers: 1 }],
    ['no open blocker although one is open', [created('b'), created('a', after('b'))], { status: 'pending', epoch: 0 }],
    ['no row', [...WHOLE, created('c')], undefined],
  ])('finds %s', (_, steps, task) => {
    const others = steps.some(([, id]) => id === 'b') ? [row('b', { status: 'pending', epoch: 0 })] : [];
    expect(broken([...log(steps), row('a', task), ...others])).toEqual(['row_disagrees']);
  });

  it('finds a row that the log does not know, and leaves workspaces alone that are not in the history', () => {
    expect(broken([...whole, row('a'), row('z')])).toEqual(['row_disagrees']);
    expect(broken([...whole, row('z', { workspaceId: 'other' })])).toEqual([]);
  });
});
