import fc from 'fast-check';
import { parseTime } from './rfc3339.js';

it('reads every time that a Date writes, whatever the offset', () => {
  const dates = fc.date({ min: new Date('1970-01-02'), max: new Date('2999-12-30'), noInvalidDate: true });
  fc.assert(
    fc.property(dates, fc.integer({ min: -1439, max: 1439 }), (date, offset) => {
      const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
      const minutes = Math.abs(offset);
      const pad = (value: number): string => String(value).padStart(2, '0');
      const text = `${local}${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
      expect(parseTime(text)).toEqual(date);
      expect(parseTime(date.toISOString().toLowerCase())).toEqual(date);
    }),
  );
});

it.each([
  '2026-02-30T00:00:00Z',
  '2025-02-29T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-01-31T24:00:00Z',
  '2026-01-31T23:59:60Z',
  '2026-01-31T09:30:00',
  '2026-01-31T09:30Z',
  '2026-01-31',
  '2026-01-31T09:30:00+24:00',
  '1969-12-31T23:59:59Z',
  '3000-01-01T00:00:00Z',
  '+275760-09-13T00:00:00Z',
  'now',
  '',
])('refuses %s', (text) => {
  expect(parseTime(text)).toBeUndefined();
});
