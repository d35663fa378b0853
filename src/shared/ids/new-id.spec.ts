import { validate, version } from 'uuid';
import { newId } from './index.js';

it('makes UUIDs of version 7 in ascending order, no two alike', () => {
  const ids = Array.from({ length: 10_000 }, newId);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

it('carries the time', () => {
  const before = Date.now();
  const time = parseInt(newId().replaceAll('-', '').slice(0, 12), 16);
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(Date.now());
});
