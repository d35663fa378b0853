import { InvalidInput } from '../errors/index.js';
import { GCounter, PNCounter } from './counters.js';
import { CounterOverflow } from './crdt.errors.js';
import { MAX_REPLICAS } from './foreign.js';
import { LWWMap } from './lww-map.js';
import { LWWRegister } from './lww-register.js';
import { ORSet } from './or-set.js';

const time = (millis: number, name = 'ada') => `${millis.toString(16).padStart(12, '0')}-0000-${name}`;
const copy = (set: ORSet) => ORSet.fromJSON(JSON.parse(JSON.stringify(set)));

describe('[S158] an OR-Set', () => {
  it('keeps a removed element removed, whatever older state is merged', () => {
    const ada = new ORSet();
    ada.add('ada', 'x');
    const older = copy(ada);
    const bob = copy(ada);
    bob.remove('bob', 'x');
    bob.merge(older);
    older.merge(bob);
    expect([bob.elements, older.elements]).toEqual([[], []]);
  });

  it('keeps an addition that the removal had not seen', () => {
    const ada = new ORSet();
    ada.add('ada', 'x');
    const bob = copy(ada);
    bob.remove('bob', 'x');
    ada.add('ada', 'x');
    bob.merge(ada);
    ada.merge(bob);
    expect([ada.elements, bob.elements]).toEqual([['x'], ['x']]);
  });

  it('does not grow by what comes and goes', () => {
    const set = new ORSet();
    for (let n = 0; n < 1_000; n++) {
      set.add('ada', n % 10);
      set.remove('ada', n % 10);
    }
    expect(JSON.stringify(set)).toBe('{"context":{"ada":[[1,2000]]},"entries":{}}');
  });

  it('tells elements apart by value and type', () => {
    const set = new ORSet();
    for (const element of ['1', 1, true, 'true', null, 'null', -0, 0]) set.add('ada', element);
    expect(set.elements).toEqual(['1', 'null', 'true', 0, 1, null, true]);
    expect(() => set.add('ada', { a: 1 } as never)).toThrow(InvalidInput);
    expect(() => set.add('ada', NaN)).toThrow(InvalidInput);
  });
});

describe('[S158] counters', () => {
  it('are refused what they cannot count', () => {
    const grown = new GCounter();
    for (const by of [0, -1, 1.5, NaN]) expect(() => grown.increment('ada', by)).toThrow(InvalidInput);
    expect(() => grown.increment('a b')).toThrow(InvalidInput);
    grown.increment('ada', Number.MAX_SAFE_INTEGER);
    expect(() => grown.increment('bob')).toThrow(CounterOverflow);
    expect(grown.value).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => GCounter.fromJSON({ context: {}, entries: { ada: [[1, 1, -5]] } })).toThrow(InvalidInput);
  });

  it('keep one total a replica', () => {
    const count = new PNCounter();
    for (let n = 0; n < 5; n++) count.increment('ada', 3);
    count.decrement('bob', 20);
    expect(count.value).toBe(-5);
    expect(count.toJSON().entries).toEqual({ ada: [[1, 5, 15]], bob: [[1, 1, -20]] });
  });
});

it('[S158] does not let a replica that gets a delta made for another believe it has what is not in it', () => {
  const ada = new PNCounter();
  ada.increment('ada', 1);
  ada.increment('ada', 1);
  const forBob = ada.delta(ada.clock);

  const eve = new PNCounter();
  eve.merge(forBob);
  expect(eve.clock.toJSON()).toEqual({});
  eve.merge(ada.delta(eve.clock));
  expect(eve.value).toBe(2);
});

describe('[S158] registers and maps by last write', () => {
  it('show the latest of what was set at the same time, by replica where the times are equal', () => {
    const [ada, bob, eve] = [new LWWRegister(), new LWWRegister(), new LWWRegister()];
    ada.set('ada', 'late', time(9));
    bob.set('bob', 'early', time(5));
    eve.set('eve', 'tie', time(9));
    bob.merge(ada);
    expect(bob.value).toBe('late');
    bob.merge(eve);
    expect(bob.value).toBe('tie');
  });

  it('let a set replace what it has seen, even with an earlier time', () => {
    const register = new LWWRegister();
    register.set('ada', 1, time(9));
    register.set('bob', 2, time(5));
    expect(register.value).toBe(2);
    expect(new LWWRegister().value).toBeUndefined();
  });

  it('keep a set that a delete has not seen, and nothing that it has', () => {
    const ada = new LWWMap();
    ada.set('ada', 'x', 1, time(1));
    ada.set('ada', 'y', 1, time(2));
    const bob = LWWMap.fromJSON(ada.toJSON());
    bob.delete('bob', 'x');
    bob.delete('bob', 'y');
    ada.set('ada', 'y', 2, time(3));
    ada.merge(bob);
    bob.merge(ada);
    expect([ada.entries(), bob.entries()]).toEqual([[['y', 2]], [['y', 2]]]);
    expect(bob.get('x')).toBeUndefined();
  });

  it('refuse values that cannot be kept and times that are none', () => {
    expect(() => new LWWRegister().set('ada', 'a\0', time(1))).toThrow(InvalidInput);
    expect(() => new LWWRegister().set('ada', 1, 'noon')).toThrow(InvalidInput);
    expect(() => new LWWMap().set('ada', '\ud800', 1, time(1))).toThrow(InvalidInput);
  });
});

it('[S158] refuses more replicas than can be read again, and changes nothing', () => {
  const many = (prefix: string) =>
    ORSet.fromJSON({
      context: Object.fromEntries(Array.from({ length: MAX_REPLICAS }, (_, n) => [`${prefix}${n}`, [[1, 1]]])),
      entries: { [`${prefix}0`]: [[1, 1, prefix]] },
    });
  const set = many('a');
  const before = JSON.stringify(set);
  expect(() => set.merge(many('b'))).toThrow(InvalidInput);
  expect(() => set.add('one-more', 'x')).toThrow(InvalidInput);
  expect(JSON.stringify(set)).toBe(before);
  set.merge(many('a'));
  expect(JSON.stringify(set)).toBe(before);
});
