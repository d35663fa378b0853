// npm run bench -- [--only NAME,…] [--rounds N] [--tasks N] [--slice SECONDS] [--widths N,…] [--sides NAME;…] [--profile FOLDER]
// DATABASE_URL chooses the PostgreSQL; without it one of our own is started.
import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Profile } from './profile.mjs';
import { goalTable } from './report.mjs';
import { Servers } from './servers.mjs';

const { values } = parseArgs({
  options: {
    /** Files of bench/work; all of them unless given. */
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '3' },
    /** Tasks of one measurement at most. */
    tasks: { type: 'string', default: '60000' },
    /** Seconds that one measurement takes, more or less. */
    slice: { type: 'string', default: '1' },
    /** Calls in flight. */
    widths: { type: 'string', default: '1,16,64,256' },
    /** As the tables name them, parted by semicolons; all unless given. */
    sides: { type: 'string', default: '' },
    /** Profiles Muster in Node and PostgreSQL, and leaves .cpuprofile files there. */
    profile: { type: 'string' },
  },
});
const list = (text, separator = ',') => text.split(separator).flatMap((part) => part.trim() || []);

const WORK = [
  'throughput',
  'batch-create',
  'held-transaction',
  'wake-up',
  'http',
  'idle',
  'large-tables',
  'unfitting',
  'cached-get',
  'crdt',
  'shared-state',
  'documents',
  'live',
  'fan-out',
];
const chosen = list(values.only);
const unknown = chosen.filter((name) => !WORK.includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}; there are ${WORK.join(', ')}.`);
  process.exit(2);
}

const servers = await Servers.start({
  databaseUrl: process.env.DATABASE_URL,
  statements: values.profile !== undefined,
});
const goals = [];
try {
  console.log(`${machine(servers)}\n`);
  for (const name of WORK.filter((name) => chosen.length === 0 || chosen.includes(name))) {
    const started = performance.now();
    const work = await import(`./work/${name}.mjs`);
    const done = await work.run({
      servers,
      rounds: Number(values.rounds),
      tasks: Number(values.tasks),
      slice: Number(values.slice),
      widths: list(values.widths).map(Number),
      sides: list(values.sides, ';'),
      profile: new Profile(values.profile),
    });
    console.log(`## ${work.title}\n`);
    for (const { caption, text } of done.tables) console.log(`${caption}:\n\n${text}\n`);
    console.error(`${name}: ${Math.round((performance.now() - started) / 1000)} s, load average ${load()}`);
    goals.push(...done.goals);
  }
  console.log(`## Goals\n\n${goalTable(goals)}`);
} finally {
  await servers.stop();
}
process.exit(0);

/** Of the last minute: far above the number of cores, or above 0.5 before the first measurement, others were at work. */
function load() {
  return loadavg()[0].toFixed(1);
}

function machine({ version, redisVersion }) {
  const { dependencies } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));
  const peers = Object.entries(dependencies).map(([name, version]) => `${name} ${version}`);
  const redis = redisVersion ? `Redis ${redisVersion}` : 'no redis-server here';
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return [
    `${cpus().length} cores (${cpus()[0].model.trim()}), ${gigabytes} GiB, ${platform()} ${arch()}, shared by client and servers`,
    `Node ${process.versions.node}, PostgreSQL ${version}, ${redis}, ${peers.join(', ')}`,
    `${values.rounds} rounds after one to warm up, medians; load average before the first ${load()}`,
  ].join('\n');
}
