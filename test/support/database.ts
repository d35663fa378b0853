import { randomUUID } from 'node:crypto';
import { Client, DatabaseError } from 'pg';

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

/** How long a connection waits to be used again: to make one takes 50 ms on a small machine, most of a test's time. */
const SPARE_MS = 300;
const spares = new Map<string, { client: Client; timer: NodeJS.Timeout }>();

/** Rows of one statement on a connection that no service has: what others see. */
export async function query<T = Row>(url: string, sql: string, values: unknown[] = []): Promise<T[]> {
  const client = spared(url) ?? (await connection(url));
  let fine = true;
  try {
    return (await client.query(sql, values)).rows as T[];
  } catch (error) {
    fine = error instanceof DatabaseError && error.severity === 'ERROR';
    throw error;
  } finally {
    if (fine) spare(url, client);
    else void client.end();
  }
}

/** Lends a connection of its own. */
export async function connected<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connection(url);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function connection(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  // Tests end connections from the server's side.
  client.on('error', () => undefined);
  client.on('end', () => spares.get(url)?.client === client && spared(url));
  await client.connect();
  return client;
}

function spared(url: string): Client | undefined {
  const spare = spares.get(url);
  clearTimeout(spare?.timer);
  spares.delete(url);
  return spare?.client;
}

/** One for each database at most. */
function spare(url: string, client: Client): void {
  const surplus = spared(url);
  const timer = setTimeout(() => void spared(url)?.end(), SPARE_MS);
  spares.set(url, { client, timer });
  void surplus?.end();
}

export const nameOf = (url: string): string => new URL(url).pathname.slice(1);
