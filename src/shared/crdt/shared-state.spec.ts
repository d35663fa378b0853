import type { DomainError, JsonValue } from '../errors/index.js';
import { InvalidInput } from '../errors/index.js';
import { SharedState } from './shared-state.js';
import type { StateChange, StateOperation } from './state-operation.js';

/** A replica of a shared state, with a clock that only counts. */
class Copy {
  static ticks = 0;
  state = new SharedState();

  constructor(readonly name: string) {}

  do(change: StateChange): StateOperation {
    return this.state.perform(change, this.name, `${(++Copy.ticks).toString(16).padStart(12, '0')}-0000-${this.name}`);
  }
  set = (path: string, value: JsonValue) => this.do({ type: 'set', path, value });
  count = (path: string, by = 1) => this.do({ type: 'increment', path, by });
  add = (path: string, element: string) => this.do({ type: 'add', path, element });
  remove = (path: string, element: string) => this.do({ type: 'remove', path, element });
  delete = (path: string) => this.do({ type: 'delete', path });
}

let ada: Copy;
let bob: Copy;

beforeEach(() => {
  [ada, bob] = [new Copy('ada'), new Copy('bob')];
});

function meet(): unknown {
  ada.state.merge(SharedState.fromJSON(JSON.parse(JSON.stringify(bob.state.delta(ada.state.clock)))));
  bob.state.merge(SharedState.fromJSON(JSON.parse(JSON.stringify(ada.state))));
  expect(bob.state.toJSON()).toEqual(ada.state.toJSON());
  return ada.state.value();
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidInput) return error.violations.map(({ field, rule }) => `${field} ${rule}`).join();
    return (error as DomainError).code;
  }
  return 'taken';
}

describe('[S158] a shared state', () => {
  it('holds registers, counters, sets and maps by path', () => {
    ada.set('/title', 'Report');
    ada.set('/limits/day', { pages: 3 });
    ada.count('/limits/used', 5);
    ada.do({ type: 'decrement', path: ['limits', 'used'] });
    ada.add('/tags', 'urgent');
    ada.add('/tags', 'draft');
    ada.remove('/tags', 'urgent');
    ada.do({ type: 'set', path: ['a/b', '~', ''], value: null });
    expect(ada.state.value()).toEqual({
      title: 'Report',
      limits: { day: { pages: 3 }, used: 4 },
      tags: ['draft'],
      'a/b': { '~': { '': null } },
    });
  });

  it('sums counts, unites sets and maps, and shows the latest of two registers', () => {
    ada.count('/n', 2);
    bob.count('/n', 3);
    ada.add('/tags', 'a');
    bob.add('/tags', 'b');
    bob.set('/owner/name', 'bob');
    ada.set('/owner/name', 'ada');
    ada.set('/owner/age', 1);
    expect(meet()).toEqual({ n: 5, tags: ['a', 'b'], owner: { name: 'ada', age: 1 } });
  });

  it('leaves nothing of a map or a set that holds nothing', () => {
    ada.add('/a/tags', 'x');
    ada.remove('/a/tags', 'x');
    expect(ada.state.value()).toEqual({});
    ada.count('/a');
    expect(ada.state.value()).toEqual({ a: 1 });
  });

  it('deletes what it has seen at a path and beneath, and keeps what it has not', () => {
    ada.set('/a/b', 1);
    ada.set('/a/c', 1);
    ada.set('/ab', 1);
    meet();
    ada.delete('/a');
    bob.set('/a/c', 2);
    expect(meet()).toEqual({ a: { c: 2 }, ab: 1 });
    ada.delete('');
    expect(meet()).toEqual({});
  });

  it('lets a deleted count go, also where it went on meanwhile, and begins another', () => {
    ada.count('/n', 10);
    meet();
    bob.delete('/n');
    ada.count('/n', 5);
    expect(meet()).toEqual({});
    ada.count('/n', 1);
    expect(meet()).toEqual({ n: 1 });
  });

  it('keeps a count that a deletion has not seen at all', () => {
    ada.count('/n', 10);
    meet();
    ada.delete('/n');
    bob.count('/n', 5);
    expect(meet()).toEqual({ n: 5 });
  });

  it.each<[string, (copy: Copy) => void, (copy: Copy) => void, JsonValue]>([
    ['a set goes before a counter', (c) => c.add('/x', 'e'), (c) => c.count('/x'), ['e']],
    ['a set goes before a register', (c) => c.add('/x', 'e'), (c) => c.set('/x', 1), ['e']],
    ['a counter goes before a register', (c) => c.count('/x'), (c) => c.set('/x', 'r'), 1],
    ['a map goes before a register', (c) => c.set('/x/y', 1), (c) => c.set('/x', { y: 2 }), { y: 1 }],
    ['a map goes before a set', (c) => c.count('/x/y'), (c) => c.add('/x', 'e'), { y: 1 }],
  ])('%s that was made at the same time, on both sides', (_, stronger, weaker, shown) => {
    stronger(ada);
    weaker(bob);
    expect(meet()).toEqual({ x: shown });

    [ada, bob] = [new Copy('ada'), new Copy('bob')];
    weaker(ada);
    stronger(bob);
    expect(meet()).toEqual({ x: shown });
  });

  it('takes a hidden value away with the next change that has seen both', () => {
    ada.add('/x', 'e');
    bob.count('/x');
    ada.set('/m/y', 1);
    bob.set('/m', 1);
    meet();
    bob.add('/x', 'f');
    bob.set('/m/z', 2);
    ada.remove('/x', 'e');
    expect(meet()).toEqual({ x: ['f'], m: { y: 1, z: 2 } });
    ada.remove('/x', 'f');
    ada.delete('/m/y');
    ada.delete('/m/z');
    expect(meet()).toEqual({});
  });

  it('applies an operation once, early, late and repeated', () => {
    const made = [
      ada.count('/n', 1),
      ada.count('/n', 2),
      ada.add('/t', 'x'),
      ada.count('/n', 4),
      ada.remove('/t', 'x'),
    ];
    for (const operation of [...made].reverse()) bob.state.apply(JSON.parse(JSON.stringify(operation)));
    expect(bob.state.toJSON()).toEqual(ada.state.toJSON());
    for (const operation of made) bob.state.apply(operation);
    expect(bob.state.toJSON()).toEqual(ada.state.toJSON());
    expect(bob.state.value()).toEqual({ n: 7 });
  });

  it('is one small JSON object an operation', () => {
    ada.set('/a', 1);
    expect(ada.do({ type: 'set', path: ['a'], value: 2 })).toEqual({
      type: 'set',
      path: '/a',
      value: 2,
      id: { replica: 'ada', counter: 2 },
      time: expect.any(String),
      replaces: { ada: [[1, 1]] },
    });
    expect(ada.count('/n', 5)).toMatchObject({ by: 5, count: { since: 3, total: 5 }, replaces: {} });
    expect(ada.count('/n')).toMatchObject({ by: 1, count: { since: 3, total: 6 }, replaces: {} });
  });

  it('sends in a delta only what is new', () => {
    for (let n = 0; n < 100; n++) ada.set(`/k${n}`, n);
    ada.count('/n');
    const { clock } = ada.state;
    ada.count('/n');
    ada.delete('/k50');
    expect(ada.state.delta(clock).toJSON()).toEqual({
      context: {
        ada: [
          [51, 51],
          [101, 103],
        ],
      },
      entries: { ada: [[101, 102, { path: '/n', kind: 'counter', total: 2 }]] },
    });
  });

  it('shows what stands at one path as it does in the whole', () => {
    ada.set('/a/b', [1]);
    ada.count('/a/n', 2);
    ada.set('/ab', 3);
    for (const path of ['', '/a', '/a/b', '/a/n', '/ab']) {
      const keys = path.split('/').slice(1);
      const whole = keys.reduce<JsonValue>(
        (at, key) => (at as Record<string, JsonValue>)[key] ?? null,
        ada.state.value(),
      );
      expect(ada.state.at(path)).toEqual(whole);
    }
    expect([ada.state.at('/c'), ada.state.at('/a/b/0'), ada.state.at(['a', 'c'])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('knows what it lacks, and the latest time of its registers', () => {
    expect([ada.state.lacks(bob.state), ada.state.latestTime()]).toEqual([false, undefined]);
    const { time } = bob.set('/a', 1);
    bob.count('/n', 1);
    expect([ada.state.lacks(bob.state), bob.state.lacks(ada.state), bob.state.latestTime()]).toEqual([
      true,
      false,
      time,
    ]);
    meet();
    expect([ada.state.lacks(bob.state), ada.state.latestTime()]).toEqual([false, time]);
    bob.count('/n', 1);
    expect(ada.state.lacks(bob.state)).toBe(true);
  });

  it('is not changed through what it was given or gave', () => {
    const value = { a: [1] };
    const operation = ada.set('/x', value);
    value.a.push(2);
    Object.assign(operation, { value: 'other' });
    Object.assign(ada.state.value(), { x: 'other' });
    (ada.state.value() as { x: { a: number[] } }).x.a.push(3);
    expect(ada.state.value()).toEqual({ x: { a: [1] } });
  });

  it('[S159] gives its clock as the operations that came without a gap', () => {
    const [first, second, third] = [ada.count('/n'), ada.count('/n'), ada.count('/n')];
    bob.state.apply(third);
    bob.state.apply(first);
    expect(bob.state.clock.toJSON()).toEqual({ ada: 1 });
    bob.state.apply(second);
    expect(bob.state.clock.toJSON()).toEqual({ ada: 3 });
  });
});

describe('[S158] what a shared state refuses', () => {
  it('is a path through a value', () => {
    ada.set('/r', { a: 1 });
    ada.count('/c');
    ada.add('/s', 'x');
    for (const path of ['/r/a', '/c/a/b', '/s/0']) {
      expect(refusalOf(() => ada.set(path, 1))).toBe('path_through_value');
      expect(refusalOf(() => ada.delete(path))).toBe('path_through_value');
    }
  });

  it('is a change that does not fit to what stands at the path', () => {
    ada.set('/r', 1);
    ada.count('/c');
    ada.add('/s', 'x');
    ada.set('/m/a', 1);
    for (const path of ['/c', '/s', '/m']) expect(refusalOf(() => ada.set(path, 1))).toBe('wrong_kind');
    for (const path of ['/r', '/s', '/m']) expect(refusalOf(() => ada.count(path))).toBe('wrong_kind');
    for (const path of ['/r', '/c', '/m']) expect(refusalOf(() => ada.remove(path, 'x'))).toBe('wrong_kind');
    ada.delete('/s');
    ada.count('/s');
    expect(ada.state.value()).toEqual({ r: 1, c: 1, s: 1, m: { a: 1 } });
  });

  it('is a count beyond what is exact', () => {
    ada.count('/n', Number.MAX_SAFE_INTEGER);
    meet();
    expect(refusalOf(() => bob.count('/n'))).toBe('counter_overflow');
  });

  it.each<[unknown, string]>([
    [null, 'change isObject'],
    [{ type: 'push', path: '/a' }, 'type isChange'],
    [{ type: 'delete', path: 'a' }, 'path isPath'],
    [{ type: 'delete', path: '/~2' }, 'path isPath'],
    [{ type: 'delete' }, 'path isPath'],
    [{ type: 'delete', path: [1] }, 'path[0] isString'],
    [{ type: 'set', path: '', value: {} }, 'path notRoot'],
    [{ type: 'set', path: '/a' }, 'value isJson'],
    [{ type: 'set', path: '/a', value: 'x\0' }, 'state.a noNul'],
    [{ type: 'set', path: '/__proto__/a', value: 1 }, 'state.__proto__ noPrototype'],
    [{ type: 'set', path: '/constructor/prototype', value: 1 }, 'state.constructor noPrototype'],
    [{ type: 'increment', path: '/__proto__' }, 'state.__proto__ noPrototype'],
    [{ type: 'increment', path: '/a', by: 0 }, 'by isWhole'],
    [{ type: 'add', path: '/a', element: [] }, 'element isScalar'],
    [{ type: 'add', path: '/a' }, 'element isJson'],
  ])('is a change that is none: %j', (change, refusal) => {
    expect(refusalOf(() => ada.do(change as StateChange))).toBe(refusal);
    expect(ada.state.toJSON()).toEqual(new SharedState().toJSON());
  });

  it('is a path deeper than can be stored', () => {
    const deep = (levels: number) => Array.from({ length: levels }, () => 'a');
    expect(refusalOf(() => ada.do({ type: 'set', path: deep(64), value: 1 }))).toBe('taken');
    expect(refusalOf(() => bob.do({ type: 'set', path: deep(64), value: [] }))).toMatch(/ maxDepth$/);
    expect(refusalOf(() => bob.do({ type: 'increment', path: deep(100_000) }))).toMatch(/ maxDepth$/);
  });

  it.each<[object, string]>([
    [{ id: 7 }, 'id isObject'],
    [{ id: { replica: 'a b', counter: 1 } }, 'id.replica isReplica'],
    [{ id: { replica: 'ada', counter: 0 } }, 'id.counter isWhole'],
    [{ time: 'noon' }, 'time isTimestamp'],
    [{ replaces: [] }, 'replaces isObject'],
    [{ replaces: { ada: [[2, 1]] } }, 'replaces.ada[0] isRange'],
    [{ count: undefined }, 'count isObject'],
    [{ count: { since: 2, total: 1 } }, 'count.since isPast'],
    [{ count: { since: 1, total: 0.5 } }, 'count.total isWhole'],
    [{ path: '/__proto__' }, 'state.__proto__ noPrototype'],
  ])('is an operation with %j', (wrong, refusal) => {
    const operation = ada.count('/n');
    expect(refusalOf(() => bob.state.apply({ ...operation, ...wrong }))).toBe(refusal);
    expect(refusalOf(() => bob.state.apply(operation))).toBe('taken');
  });

  it.each<[unknown, string]>([
    [[], 'state isObject'],
    [{ context: {} }, 'entries isObject'],
    [{ entries: {} }, 'context isObject'],
    [{ context: {}, entries: { ada: {} } }, 'entries.ada isArray'],
    [{ context: {}, entries: { ada: [[2, 1, {}]] } }, 'entries.ada[0][1] isWhole'],
    [{ context: {}, entries: { ada: [[1, 1, { path: '/a', kind: 'tree' }]] } }, 'entries.ada[0][2].kind isKind'],
    [{ context: {}, entries: { ada: [[1, 1, { path: ['a'], kind: 'set' }]] } }, 'entries.ada[0][2].path isString'],
    [
      { context: {}, entries: { ada: [[1, 1, { path: '/__proto__', kind: 'counter' }]] } },
      'state.__proto__ noPrototype',
    ],
  ])('is a state that is none: %j', (json, refusal) => {
    expect(refusalOf(() => SharedState.fromJSON(json))).toBe(refusal);
  });
});

describe('[S159] news of one sender', () => {
  const sentBy = (change: object): string =>
    refusalOf(() => ada.state.assertNewsOf('bob', SharedState.of({ ...bob.set('/x', 1), ...change })));

  it('may bring what the sender did, on top of what is known', () => {
    ada.set('/a', 1);
    meet();
    expect(sentBy({})).toBe('taken');
    expect(sentBy({ replaces: { ada: [[1, 1]] } })).toBe('taken');
    expect(refusalOf(() => ada.state.assertNewsOf('bob', bob.state))).toBe('taken');
  });

  it('may not claim operations of others from nowhere', () => {
    ada.set('/a', 1);
    expect(sentBy({ replaces: { ada: [[1, 2]] } })).toBe('clock_from_nowhere');
    expect(sentBy({ replaces: { eve: [[1, Number.MAX_SAFE_INTEGER]] } })).toBe('clock_from_nowhere');
    expect(sentBy({ id: { replica: 'eve', counter: 1 } })).toBe('clock_from_nowhere');
  });

  it('may not go on with the count of another', () => {
    ada.count('/n', 1);
    ada.set('/a', 1);
    const forged = SharedState.fromJSON({
      context: {},
      entries: { ada: [[1, 2, { path: '/n', kind: 'counter', total: 99 }]] },
    });
    expect(refusalOf(() => ada.state.assertNewsOf('bob', forged))).toBe('clock_from_nowhere');
  });
});
