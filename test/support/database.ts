import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

type Row = Record<string, unknown>;

const template = (): string => {
  const url = process.env.TEST_DATABASE_URL;
  if (!url) throw new Error('No test database: these tests run in the Jest project "integration".');
  return url;
};
const named = (suffix: string): string => template().replace(/template$/, suffix);

/** The migrated database of this Jest worker, shared by its test files: every test makes a tenant of its own. */
export const workerDatabase = (): string => named(`worker_${process.env.JEST_WORKER_ID}`);

/**
 * A database of one's own, for tests that migrate, kill or count. Migrated unless `empty`. The run drops it at its end.
 */
export async function scratchDatabase({ empty = false } = {}): Promise<string> {
  const url = named(`scratch_${randomUUID().replaceAll('-', '')}`);
  const from = empty ? 'template0' : nameOf(template());
  await query(named('worker_1'), `CREATE DATABASE ${nameOf(url)} TEMPLATE ${from}`);
  return url;
}

/** Rows of one statement on a connection of its own: what others see. */
export function query<T = Row>(url: string, sql: string, values: unknown[] = []): Promise<T[]> {
  return connected(url, async (client) => (await client.query(sql, values)).rows as T[]);
}

/** Lends a connection of its own. */
export async function connected<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  // Tests end connections from the server's side.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

export const nameOf = (url: string): string => new URL(url).pathname.slice(1);
