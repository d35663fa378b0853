import fc from 'fast-check';
import { InvalidInput } from '../errors/index.js';
import { CounterOverflow } from './crdt.errors.js';
import { MAX_REPLICAS } from './foreign.js';
import { VectorClock } from './vector-clock.js';

const clock = fc
  .dictionary(fc.constantFrom('ada', 'bob', 'eve'), fc.nat({ max: 2 }))
  .map((counters) => VectorClock.fromJSON(counters));
const atMost = (a: VectorClock, b: VectorClock) => ['before', 'equal'].includes(a.compare(b));

function refusalOf(json: unknown): unknown {
  try {
    return VectorClock.fromJSON(json).toJSON();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.violations.map(({ field, rule }) => `${field} ${rule}`).join();
  }
}

describe('[S159] a vector clock', () => {
  it('knows which of two came first, and when neither did', () => {
    const start = new VectorClock();
    const [ada, bob] = [start.increment('ada'), start.increment('bob')];
    expect(start.compare(new VectorClock())).toBe('equal');
    expect(start.compare(ada)).toBe('before');
    expect(ada.increment('bob').compare(bob)).toBe('after');
    expect(ada.compare(bob)).toBe('concurrent');
    expect(ada.merge(bob).toJSON()).toEqual({ ada: 1, bob: 1 });
    expect(start.toJSON()).toEqual({});
  });

  it('is ordered in part: reflexive, antisymmetric, transitive, and compared alike from both sides', () => {
    const opposite = { equal: 'equal', before: 'after', after: 'before', concurrent: 'concurrent' };
    fc.assert(
      fc.property(clock, clock, clock, (a, b, c) => {
        expect(a.compare(a)).toBe('equal');
        expect(b.compare(a)).toBe(opposite[a.compare(b)]);
        expect(a.compare(b) === 'equal').toBe(JSON.stringify(a) === JSON.stringify(b));
        if (atMost(a, b) && atMost(b, c)) expect(atMost(a, c)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('merges to the least clock that is after both', () => {
    fc.assert(
      fc.property(clock, clock, clock, (a, b, c) => {
        const both = a.merge(b);
        expect(atMost(a, both) && atMost(b, both)).toBe(true);
        if (atMost(a, c) && atMost(b, c)) expect(atMost(both, c)).toBe(true);
        expect(both.toJSON()).toEqual(b.merge(a).toJSON());
        expect(both.merge(c).toJSON()).toEqual(a.merge(b.merge(c)).toJSON());
        expect(a.merge(a).toJSON()).toEqual(a.toJSON());
      }),
    );
  });

  it('is after itself by every increment', () => {
    fc.assert(fc.property(clock, (a) => a.increment('ada').compare(a) === 'after'));
    const last = VectorClock.fromJSON({ ada: Number.MAX_SAFE_INTEGER });
    expect(() => last.increment('ada')).toThrow(CounterOverflow);
  });

  it('reads its own JSON again, and takes a counter of 0 for none', () => {
    fc.assert(fc.property(clock, (a) => VectorClock.fromJSON(JSON.parse(JSON.stringify(a))).compare(a) === 'equal'));
    expect(VectorClock.fromJSON({ ada: 0 }).toJSON()).toEqual({});
  });

  it.each([
    [null, 'clock isObject'],
    [[1], 'clock isObject'],
    ['ada', 'clock isObject'],
    [{ ada: -1 }, 'clock.ada isWhole'],
    [{ ada: 1.5 }, 'clock.ada isWhole'],
    [{ ada: 2 ** 53 }, 'clock.ada isWhole'],
    [{ ada: '1' }, 'clock.ada isWhole'],
    [{ '': 1 }, "clock's key isReplica"],
    [{ 'a b': 1 }, "clock's key isReplica"],
    [{ ['a'.repeat(129)]: 1 }, "clock's key isReplica"],
    [JSON.parse('{"__proto__": 1}'), "clock's key isReplica"],
    [Object.fromEntries(Array.from({ length: MAX_REPLICAS + 1 }, (_, n) => [`r${n}`, 1])), 'clock maxReplicas'],
  ])('refuses what is none, by field and rule: %j', (json, refusal) => {
    expect(refusalOf(json)).toBe(refusal);
  });

  it('holds no more replicas than it could read again', () => {
    const full = VectorClock.fromJSON(Object.fromEntries(Array.from({ length: MAX_REPLICAS }, (_, n) => [`r${n}`, 1])));
    expect(() => full.increment('one-more')).toThrow(InvalidInput);
    expect(full.increment('r7').get('r7')).toBe(2);
  });
});
