import { Client, DatabaseError } from 'pg';
import { NAME } from './data-directory.js';

/** Set on the server's command line and so true of the very server that answers, unlike any file beside it. */
export const OWNER_SETTING = 'muster.owner';

const CONNECT_LIMIT_MS = 5_000;
const NO_SUCH_DATABASE = '3D000';
/** Another process created it in the same moment. */
const CREATED_MEANWHILE = ['42P04', '23505'];

export interface Address {
  readonly port: number;
  readonly password: string;
}

export function urlOf({ port, password }: Address, database = NAME): string {
  return `postgres://${NAME}:${password}@127.0.0.1:${port}/${database}`;
}

/** Proves that the server lets us in, makes the database if it is not there, and answers which process started it. */
export async function enter(address: Address): Promise<{ ownerPid: number }> {
  try {
    return { ownerPid: await ownerOf(urlOf(address)) };
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== NO_SUCH_DATABASE) throw error;
    await createDatabase(urlOf(address, 'postgres'));
    return { ownerPid: await ownerOf(urlOf(address)) };
  }
}

async function ownerOf(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ owner: string | null }>('SELECT current_setting($1, true) AS owner', [
      OWNER_SETTING,
    ]);
    return Number(rows[0]?.owner ?? 0);
  });
}

async function createDatabase(url: string): Promise<void> {
  await withClient(url, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(NAME)}`);
    } catch (error) {
      if (!(error instanceof DatabaseError) || !CREATED_MEANWHILE.includes(error.code ?? '')) throw error;
    }
  });
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: 60_000,
  });
  // A server that goes away under an open session reports it here too; the call under way carries the error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}
