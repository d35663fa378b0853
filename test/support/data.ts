import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const FOLDER = process.env.MUSTER_TEST_DATA || resolve(__dirname, '..', '..', '..', 'shared', 'data');

/** Where a file of the real data is, if it is anywhere. */
export const dataFile = (name: string): string => join(FOLDER, name);

/** A suite on real data, which does not belong to the project; skipped, and said so, where there is none. */
export function describeWithData(name: string, file: string, suite: (path: string) => void): void {
  const path = dataFile(file);
  if (existsSync(path)) describe(name, () => suite(path));
  else describe.skip(`${name} (skipped: there is no ${path}; set MUSTER_TEST_DATA)`, () => it('is skipped', () => {}));
}
