// npm run bench -- [--tasks N] [--rounds N]    DATABASE_URL chooses the server; without it the embedded one is used.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import muster from '../dist/src/index.js';

const { values } = parseArgs({
  options: { tasks: { type: 'string', default: '5000' }, rounds: { type: 'string', default: '3' } },
});
const [TASKS, ROUNDS] = [Number(values.tasks), Number(values.rounds)];
const IN_FLIGHT = [1, 16, 64];
/** One statement a commit is slow; a fifth of the work gives the same rate. */
const UNBATCHED_SHARE = 5;

const home = mkdtempSync(join(tmpdir(), 'muster-bench-'));
const base = {
  MUSTER_HOME: home,
  MUSTER_PORT: '0',
  MUSTER_LOG_LEVEL: 'error',
  MUSTER_ADMIN_KEY: 'bench-admin-key-0123456789',
};
if (process.env.DATABASE_URL) base.DATABASE_URL = process.env.DATABASE_URL;

/** Runs `total` calls of `work`, `width` at a time, and answers calls a second. */
async function rate(total, width, work) {
  let left = total;
  const started = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (left-- > 0) await work();
    }),
  );
  return total / (Number(process.hrtime.bigint() - started) / 1e9);
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

async function node(env) {
  const server = await muster.Server.start(muster.loadConfig(env));
  const { app, first } = server;
  const caller = { tenantId: first.tenantId, actorId: 'bench', scopes: ['admin'] };
  const tasks = app.get(muster.TasksService);
  const claims = app.get(muster.ClaimsService);
  const { agent } = await app.get(muster.AgentsService).register(caller, { name: `bench-${randomUUID()}` });
  const parameters = { repo: 'acme/widgets', path: 'src/file.ts', note: 'x'.repeat(120) };
  return {
    server,
    create: () => tasks.create(caller, { type: 'code', title: 'A task', parameters }),
    drain: async () => {
      const [lease] = await claims.claim(caller, { agentId: agent.id });
      await claims.complete(caller, { taskId: lease.task.id, epoch: lease.epoch }, { ok: true });
    },
  };
}

/** A row of the same size by `pg` alone, one INSERT a commit, on as many connections as calls in flight, ten at most. */
async function bare(url) {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bench_bare (id uuid PRIMARY KEY, title text, parameters jsonb, at timestamptz DEFAULT now())',
  );
  const parameters = JSON.stringify({ repo: 'acme/widgets', path: 'src/file.ts', note: 'x'.repeat(120) });
  return {
    insert: () =>
      pool.query({
        name: 'b',
        text: 'INSERT INTO bench_bare (id, title, parameters) VALUES ($1, $2, $3)',
        values: [randomUUID(), 'A task', parameters],
      }),
    close: async () => {
      await pool.query('DROP TABLE bench_bare');
      await pool.end();
    },
  };
}

const results = new Map();
const record = (name, width, value) => {
  const key = `${name}|${width}`;
  results.set(key, [...(results.get(key) ?? []), value]);
};

const batched = await node(base);
const { databaseUrl } = batched.server;
const single = await node({ ...base, DATABASE_URL: databaseUrl, MUSTER_BATCH_SIZE: '1' });
const plain = await bare(databaseUrl);
const version = await new pg.Pool({ connectionString: databaseUrl, max: 1 }).query('SHOW server_version');
try {
  for (let round = 0; round <= ROUNDS; round++) {
    for (const width of IN_FLIGHT) {
      const few = Math.ceil(TASKS / UNBATCHED_SHARE);
      const total = width === 1 ? few : TASKS;
      const measured = {
        'bare pg insert': await rate(few, width, plain.insert),
        'create, one statement a commit': await rate(few, width, single.create),
        'claim + complete, one statement a commit': await rate(few, width, single.drain),
        create: await rate(total, width, batched.create),
        'claim + complete': await rate(total, width, batched.drain),
      };
      // The first round warms caches and compiled code up.
      if (round > 0) for (const [name, value] of Object.entries(measured)) record(name, width, value);
    }
  }
} finally {
  await plain.close();
  await single.server.stop();
  await batched.server.stop();
  rmSync(home, { recursive: true, force: true });
}

const at = (name, width) => median(results.get(`${name}|${width}`));
const row = (cells) => `| ${cells.join(' | ')} |`;
const whole = (value) => Math.round(value).toLocaleString('en');
console.log(
  `\nPostgreSQL ${version.rows[0].server_version}, Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0].model}), ${Math.round(totalmem() / 2 ** 30)} GiB; median of ${ROUNDS} rounds, per second\n`,
);
console.log(row(['work', ...IN_FLIGHT.map((width) => `${width} in flight`)]));
console.log(row(['---', ...IN_FLIGHT.map(() => '---')]));
for (const name of [
  'bare pg insert',
  'create, one statement a commit',
  'create',
  'claim + complete, one statement a commit',
  'claim + complete',
]) {
  console.log(row([name, ...IN_FLIGHT.map((width) => whole(at(name, width)))]));
}
const ratio = (name, other, width) => (at(name, width) / at(other, width)).toFixed(2);
for (const [name, other] of [
  ['create', 'create, one statement a commit'],
  ['claim + complete', 'claim + complete, one statement a commit'],
  ['create', 'bare pg insert'],
]) {
  console.log(row([`ratio ${name} / ${other}`, ...IN_FLIGHT.map((width) => ratio(name, other, width))]));
}
process.exit(0);
