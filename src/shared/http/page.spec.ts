import fc from 'fast-check';
import { InvalidInput } from '../errors/index.js';
import { type CursorKind, type CursorValue, KeysetCursor, pageOf } from './page.js';

const timestamp = fc
  .date({ min: new Date(0), max: new Date('2999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString());
const values: Record<CursorKind, fc.Arbitrary<CursorValue>> = {
  text: fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
  number: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  uuid: fc.uuid(),
  timestamp,
};
const place = fc
  .array(fc.constantFrom<CursorKind>('text', 'number', 'uuid', 'timestamp'), { maxLength: 4 })
  .chain((kinds) =>
    fc.record({
      kinds: fc.constant(kinds),
      values: fc.tuple<CursorValue[]>(...kinds.map((kind) => values[kind])),
    }),
  );

function refusal(work: () => unknown): unknown {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.violations[0]?.field;
  }
}

it('gives back the values it was made of', () => {
  fc.assert(
    fc.property(fc.string(), place, (sort, { kinds, values }) => {
      const cursor = new KeysetCursor(sort, kinds);
      const text = cursor.encode(values);
      expect(text).toMatch(/^[\w-]*$/);
      expect(cursor.decode(text)).toEqual(values);
    }),
  );
});

it('refuses a cursor of another sort, or of other values, naming `after`', () => {
  const made = new KeysetCursor('createdAt', ['timestamp', 'uuid']);
  const text = made.encode(['2026-01-31T09:30:00.123Z', '018f3b1e-0000-7000-8000-000000000001']);
  expect(refusal(() => new KeysetCursor('-createdAt', ['timestamp', 'uuid']).decode(text))).toBe('after');
  expect(refusal(() => new KeysetCursor('createdAt', ['timestamp']).decode(text))).toBe('after');
  expect(refusal(() => new KeysetCursor('createdAt', ['number', 'uuid']).decode(text))).toBe('after');
});

it('refuses anything else, naming `after`', () => {
  const cursor = new KeysetCursor('name', ['text', 'uuid']);
  const encoded = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const id = '018f3b1e-0000-7000-8000-000000000001';
  const bad = [
    '',
    '!!',
    'bm90IGpzb24',
    encoded({}),
    encoded([2, 'name', 'a', id]),
    encoded([1, 'name', 'a\0', id]),
    encoded([1, 'name', null, id]),
  ];
  for (const text of [...bad, encoded([1, 'name', 'a', 'x']), `${encoded([1, 'name', 'a', id])}=`, 'x'.repeat(3000)]) {
    expect(refusal(() => cursor.decode(text))).toBe('after');
  }
  fc.assert(fc.property(fc.string(), (text) => refusal(() => cursor.decode(text)) === 'after'));
});

it('refuses timestamps that PostgreSQL would not read', () => {
  const cursor = new KeysetCursor('createdAt', ['timestamp']);
  for (const text of [
    'now',
    'infinity',
    '2026-02-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01',
    '2026-01-01T25:00:00Z',
    '2026-01-01T00:00:00',
  ]) {
    expect([text, refusal(() => cursor.decode(cursor.encode([text])))]).toEqual([text, 'after']);
  }
});

it('has no place before the start', () => {
  expect(new KeysetCursor('name', ['text']).decode(undefined)).toBeUndefined();
});

it('makes a page out of one row too many', () => {
  const cursorOf = (row: number): string => `after-${row}`;
  expect(pageOf([1, 2, 3], 2, cursorOf)).toEqual({ items: [1, 2], hasMore: true, nextCursor: 'after-2' });
  expect(pageOf([1, 2], 2, cursorOf)).toEqual({ items: [1, 2], hasMore: false, nextCursor: null });
  expect(pageOf([], 2, cursorOf)).toEqual({ items: [], hasMore: false, nextCursor: null });
});
