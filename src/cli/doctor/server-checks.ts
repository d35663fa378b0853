import { version } from '../../../package.json';
import type { JsonObject } from '../../shared/errors/index.js';
import type { Client } from '../client.js';
import { ApiError } from '../failures.js';
import { type Check, type Examination, type Finding, healthy } from './finding.js';

const PINGS = 10;
const SLOW_MS = 250;
/** The header `Date` has whole seconds, so less than this cannot be told from nothing. */
const CLOCK_LIMIT_MS = 2_000;

export const serverChecks: readonly Check[] = [
  { name: 'connection', run: ({ client }) => connection(client) },
  { name: 'version', run: ({ client }) => sameVersion(client) },
  { name: 'readiness', run: ({ client }) => readiness(client) },
  { name: 'clock', run: ({ client }) => clock(client) },
];

async function connection(client: Client): Promise<Examination> {
  const times: number[] = [];
  for (let ping = 0; ping < PINGS; ping += 1) {
    const started = performance.now();
    await client.get('/livez');
    times.push(performance.now() - started);
  }
  const median = times.sort((one, other) => one - other)[PINGS / 2] ?? 0;
  const detail = `${client.url} answers in ${median.toFixed(1)} ms (median of ${PINGS})`;
  if (median < SLOW_MS) return healthy(detail);
  const mend = 'Look at the load of the server, and at the network between it and this machine.';
  return { detail, findings: [{ severity: 'warning', what: `The server is slow: ${detail}.`, mend }] };
}

async function sameVersion(client: Client): Promise<Examination> {
  const { info } = await client.get<{ info: { version: string } }>('/openapi.json');
  const detail = `server ${info.version}, command line ${version}`;
  if (info.version === version) return healthy(detail);
  const mend = 'Use the command line of the server’s version.';
  return { detail, findings: [{ severity: 'info', what: `The versions differ: ${detail}.`, mend }] };
}

const MENDS: Readonly<Record<string, string>> = {
  database: 'Look at PostgreSQL: is it running, reachable at DATABASE_URL, not out of connections?',
  migrations: 'Run: muster migrate up',
  cache: 'Look at Redis at REDIS_URL; until it answers, everything works, slower.',
  draining: 'The node is stopping; ask another one.',
};

async function readiness(client: Client): Promise<Examination> {
  const { status, details } = await readyz(client);
  const parts = Object.entries(details ?? {}).map(([name, facts]) => ({ name, facts: facts as JsonObject }));
  const findings = parts
    .filter(({ facts }) => facts.status !== 'up')
    .map(({ name, facts }): Finding => {
      const severity = facts.status === 'down' ? 'error' : 'warning';
      const mend = MENDS[name] ?? 'Look at the log of the server.';
      return { severity, what: `${name} is ${JSON.stringify(facts)}.`, mend };
    });
  return { detail: `${status}: ${parts.map(({ name, facts }) => `${name} ${facts.status}`).join(', ')}`, findings };
}

async function readyz(client: Client): Promise<{ status: string; details?: JsonObject }> {
  try {
    return await client.get('/readyz');
  } catch (error) {
    // A red answer is what we came for, in its own form.
    if (!(error instanceof ApiError) || error.status !== 503) throw error;
    return error.problem as { status: string; details?: JsonObject };
  }
}

async function clock(client: Client): Promise<Examination> {
  const before = Date.now();
  const { headers } = await client.call('GET', '/livez');
  const after = Date.now();
  return clockDifference(headers.get('date'), before, after);
}

/** The server wrote its time, cut to the second, somewhere between `before` and `after` of ours. */
export function clockDifference(date: string | null, before: number, after: number): Examination {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs)) return { detail: 'the server tells no time', findings: [], skipped: true };
  const ahead = theirs - after;
  const behind = before - (theirs + 999);
  const apart = Math.max(0, ahead, behind);
  if (apart < CLOCK_LIMIT_MS) return healthy('the clocks agree to within the second that can be told');
  const what = `The server’s clock is ${(apart / 1_000).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine’s.`;
  const mend = 'Leases go by the database’s clock and are safe; set both clocks by NTP so that times can be compared.';
  return { detail: what, findings: [{ severity: 'warning', what, mend }] };
}
