import fc from 'fast-check';
import { InvalidInput } from '../errors/index.js';
import { ClockTooFarAhead } from './crdt.errors.js';
import { HybridLogicalClock, parseTimestamp } from './hybrid-logical-clock.js';

describe('[S159] a hybrid logical clock', () => {
  it('follows the time, and counts where the time stands still or goes back', () => {
    const times = [1_000, 1_000, 900, 1_001];
    const clock = new HybridLogicalClock('ada', { time: () => times.shift() ?? 0 });
    expect([clock.now(), clock.now(), clock.now(), clock.now()]).toEqual([
      '0000000003e8-0000-ada',
      '0000000003e8-0001-ada',
      '0000000003e8-0002-ada',
      '0000000003e9-0000-ada',
    ]);
  });

  it('never gives a timestamp that is not greater than all it gave and received', () => {
    const step = fc.record({ replica: fc.nat({ max: 2 }), from: fc.nat({ max: 2 }), time: fc.nat({ max: 20 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let time = 0;
        const clocks = ['ada', 'bob', 'eve'].map((name) => new HybridLogicalClock(name, { time: () => time }));
        const seen = clocks.map(() => '');
        const all: string[] = [];
        for (const { replica, from, time: now } of steps) {
          time = now;
          const remote = seen[from];
          const given = remote && from !== replica ? clocks[replica]?.receive(remote) : clocks[replica]?.now();
          expect(
            [seen[replica], from === replica ? '' : remote].every((before) => String(given) > String(before)),
          ).toBe(true);
          seen[replica] = String(given);
          all.push(String(given));
        }
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  it('gives texts that sort as time, counter and replica do', () => {
    const part = fc.record({
      time: fc.nat({ max: 2 ** 45 }),
      count: fc.nat({ max: 3 }),
      name: fc.constantFrom('a', 'b-1', 'B'),
    });
    const stamp = part.map(({ time, count, name }) => {
      const clock = new HybridLogicalClock(name, { time: () => time + 1 });
      for (let n = 0; n < count; n++) clock.now();
      return clock.now();
    });
    fc.assert(
      fc.property(stamp, stamp, (a, b) => {
        const [x, y] = [parseTimestamp(a, 'a'), parseTimestamp(b, 'b')];
        const byParts =
          x.millis - y.millis || x.counter - y.counter || (x.replica < y.replica ? -1 : +(x.replica > y.replica));
        expect(Math.sign(byParts)).toBe(a < b ? -1 : +(a > b));
      }),
    );
  });

  it('refuses a timestamp too far ahead, and stays as it was', () => {
    const clock = new HybridLogicalClock('ada', { time: () => 1_000, maxAheadMs: 500 });
    const ahead = (time: number) => new HybridLogicalClock('bob', { time: () => time }).now();
    expect(() => clock.receive(ahead(1_501))).toThrow(ClockTooFarAhead);
    expect(clock.now()).toBe('0000000003e8-0000-ada');
    expect(clock.receive(ahead(1_500))).toBe('0000000005dc-0001-ada');
    expect(clock.now()).toBe('0000000005dc-0002-ada');
  });

  it('carries a full counter into the milliseconds', () => {
    const clock = new HybridLogicalClock('ada', { time: () => 1_000 });
    expect(clock.receive('0000000003e8-ffff-bob')).toBe('0000000003e9-0000-ada');
    expect(clock.now()).toBe('0000000003e9-0001-ada');
  });

  it.each([
    '',
    'now',
    '0193f2a41c00-0002-',
    '193f2a41c00-0002-ada',
    '0193F2A41C00-0002-ada',
    '0193f2a41c00-0002-a b',
    null,
    7,
  ])('refuses what is no timestamp: %j', (text) => {
    const clock = new HybridLogicalClock('ada');
    expect(() => clock.receive(text as string)).toThrow(InvalidInput);
  });

  it('refuses a name that no replica can have', () => {
    expect(() => new HybridLogicalClock('a\nb')).toThrow(InvalidInput);
  });
});
