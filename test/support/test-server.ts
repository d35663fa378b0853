// Holds the databases of one Jest run in a process of its own, so that they are dropped, and an embedded server stopped,
// however the run ends: finished, failed, Ctrl-C or killed.
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomInt } from 'node:crypto';
import { Client } from 'pg';
import { createClient } from 'redis';
import { MIGRATIONS } from '../../migrations/index.js';
import { EmbeddedPostgres } from '../../src/shared/database/embedded/index.js';
import { Migrator } from '../../src/shared/database/migrator.js';

/** Locks of this class are held by live runs; any fixed number. */
const RUNS = 7_178_218;
const NAME = /^muster_test_(\d+)_/;

const steps: (() => unknown)[] = [];

async function main(workers: number): Promise<Record<string, string>> {
  const server = process.env.DATABASE_URL || (await embeddedServer());
  const admin = new Client({ connectionString: onDatabase(server, 'postgres') });
  await admin.connect();
  steps.push(() => admin.end());

  const run = randomInt(1, 2 ** 31);
  await admin.query('SELECT pg_advisory_lock($1, $2)', [RUNS, run]);
  await dropAbandoned(admin);
  steps.push(() => dropRun(admin, run));

  const template = `muster_test_${run}_template`;
  await admin.query(`CREATE DATABASE ${template} TEMPLATE template0`);
  await new Migrator({ url: onDatabase(server, template), migrations: MIGRATIONS }).up();
  for (let worker = 1; worker <= workers; worker++) {
    await admin.query(`CREATE DATABASE muster_test_${run}_worker_${worker} TEMPLATE ${template}`);
  }
  return { TEST_DATABASE_URL: onDatabase(server, template), ...(await redis()) };
}

async function embeddedServer(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-tests-'));
  chmodSync(folder, 0o755);
  steps.push(() => rmSync(folder, { recursive: true, force: true }));
  const server = await EmbeddedPostgres.start({ directory: join(folder, 'postgres'), log: () => undefined });
  steps.push(() => server.stop());
  return server.url;
}

async function redis(): Promise<Record<string, string>> {
  const url = process.env.REDIS_URL;
  if (!url) return {};
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 3_000 } });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw new Error(`REDIS_URL is set, but nothing answers there; unset it to skip those tests. ${String(error)}`);
  } finally {
    client.destroy();
  }
  return { TEST_REDIS_URL: url };
}

/** A killed run gave its lock up with its connection. */
async function dropAbandoned(admin: Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_database');
  const runs = new Set(rows.flatMap(({ datname }) => NAME.exec(datname)?.[1] ?? []).map(Number));
  for (const run of runs) {
    const lock = await admin.query<{ free: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS free', [RUNS, run]);
    if (!lock.rows[0]?.free) continue;
    await dropRun(admin, run);
    await admin.query('SELECT pg_advisory_unlock($1, $2)', [RUNS, run]);
  }
}

async function dropRun(admin: Client, run: number): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(`SELECT datname FROM pg_database WHERE datname LIKE $1`, [
    `muster\\_test\\_${run}\\_%`,
  ]);
  for (const { datname } of rows) await admin.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
}

function onDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function cleanUp(): Promise<void> {
  for (const step of steps.splice(0).reverse()) await step();
}

// Ctrl-C reaches the whole group; Jest goes first and the closed channel tells.
process.on('SIGINT', () => undefined);
const gone = once(process, 'disconnect');

main(Number(process.argv[2]))
  .then((environment) => process.send?.({ environment }))
  .catch((error: unknown) => process.send?.({ failed: error instanceof Error ? error.stack : String(error) }) && 0)
  .then(() => gone)
  .then(cleanUp)
  .then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
