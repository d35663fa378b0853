import { Slots } from './slots.js';

describe('slots of a worker', () => {
  const slots = (total: number, limits: Record<string, number>) => new Slots(total, new Map(Object.entries(limits)));

  it('offer every type up to the total', () => {
    const all = slots(3, { a: 3, b: 3 });
    expect(all.room).toEqual({ types: ['a', 'b'], limit: 3 });

    all.take('a');
    expect(all.room).toEqual({ types: ['a', 'b'], limit: 2 });
    expect(all.taken).toBe(1);
  });

  it('offer no more than the fullest type can take, as all may be of that type', () => {
    const all = slots(10, { a: 2, b: 10 });
    expect(all.room).toEqual({ types: ['a', 'b'], limit: 2 });

    all.take('a');
    all.take('a');
    expect(all.room).toEqual({ types: ['b'], limit: 8 });
  });

  it('offer nothing when all are taken', () => {
    const all = slots(1, { a: 5 });
    all.take('a');
    expect(all.room).toBeUndefined();

    all.giveBack('a');
    expect(all.room).toEqual({ types: ['a'], limit: 1 });
  });

  it('go on with their own type and those that may take all, unless a limited one has room', () => {
    const all = slots(2, { a: 2, b: 2, rare: 1 });
    all.take('a');
    expect(all.following('a')).toBeUndefined();

    all.take('rare');
    expect(all.following('a')).toEqual(['a', 'b']);
    expect(all.following('rare')).toEqual(['rare', 'a', 'b']);
  });

  it('tell when a type comes back that was not offered', () => {
    const all = slots(10, { a: 1, b: 2 });
    all.take('a');
    all.take('b');
    expect(all.giveBack('b')).toBe(false);
    expect(all.giveBack('a')).toBe(true);
  });
});
