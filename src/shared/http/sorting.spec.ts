import { InvalidInput } from '../errors/index.js';
import { Sorting } from './sorting.js';

interface Thing {
  id: string;
  name: string;
  size: number;
}

const sorting = new Sorting('name', {
  name: { expression: 'name', kind: 'text', value: (thing: Thing) => thing.name },
  size: { expression: 'coalesce(size, 0)', kind: 'number', value: (thing: Thing) => thing.size },
});
const thing: Thing = { id: '0199a5f0-0000-7000-8000-000000000001', name: 'anvil', size: 3 };

describe('Sorting', () => {
  it('names every order, ascending and descending', () => {
    expect(sorting.names).toEqual(['name', '-name', 'size', '-size']);
  });

  it('gives the expression, the direction and the place after the last row [S40]', () => {
    const first = sorting.order('-size', undefined);
    const second = sorting.order('-size', first.cursorOf(thing));

    expect(first).toMatchObject({ expression: 'coalesce(size, 0)', direction: 'desc', after: undefined });
    expect(second.after).toEqual([3, thing.id]);
  });

  it('falls back for a sort it does not know [S41]', () => {
    expect(sorting.order('1; DROP TABLE things', undefined)).toMatchObject({ expression: 'name', direction: 'asc' });
    expect(sorting.order(undefined, undefined)).toMatchObject({ expression: 'name', direction: 'asc' });
  });

  it('refuses a cursor of another order', () => {
    const { cursorOf } = sorting.order('name', undefined);

    expect(() => sorting.order('-name', cursorOf(thing))).toThrow(InvalidInput);
    expect(() => sorting.order('size', cursorOf(thing))).toThrow(InvalidInput);
  });
});
