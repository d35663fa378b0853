import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a function in `migrations/sql`. A changed function is a new file with the next number. */
export function functionSql(name: string, version: number): string {
  return readFileSync(join(__dirname, 'sql', `${name}.${version}.sql`), 'utf8');
}
