import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixed, table, whole } from './report.mjs';

const TOP = 25;
const root = fileURLToPath(new URL('..', import.meta.url));

/** Where the time of a measurement goes, in Node and in PostgreSQL; measures nothing unless a folder is given. */
export class Profile {
  constructor(folder) {
    this.folder = folder;
    if (folder) mkdirSync(folder, { recursive: true });
  }

  /** Runs `work` with the processor profiled; a `.cpuprofile` stays for the developer tools of a browser. */
  async around(name, side, work) {
    if (!this.folder) return work();
    await side.sql('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
    await side.sql('SELECT pg_stat_statements_reset()');
    const session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
    try {
      return await work();
    } finally {
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      writeFileSync(join(this.folder, `${name.replace(/\W+/g, '-')}.cpuprofile`), JSON.stringify(profile));
      console.log(`\n#### ${name}: Node, share of time by function itself\n\n${ownTimes(profile)}`);
      console.log(`\n#### ${name}: PostgreSQL\n\n${await statements(side)}`);
    }
  }
}

function ownTimes({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const own = new Map();
  let all = 0;
  samples.forEach((id, index) => {
    const { functionName, url, lineNumber } = byId.get(id).callFrame;
    const place = url
      .replace('file://', '')
      .replace(root, '')
      .replace(/^.*node_modules\//, '');
    const key = `${functionName || '(anonymous)'} | ${place ? `${place}:${lineNumber + 1}` : ''}`;
    own.set(key, (own.get(key) ?? 0) + timeDeltas[index]);
    all += timeDeltas[index];
  });
  const top = [...own].sort((a, b) => b[1] - a[1]).slice(0, TOP);
  return table(
    ['function', 'place', 'share'],
    top.map(([key, time]) => [...key.split(' | '), `${fixed((time / all) * 100, 1)} %`]),
  );
}

async function statements(side) {
  const rows = await side.sql(
    `SELECT query, calls, total_exec_time AS ms, rows, shared_blks_hit AS hit, toplevel, wal_bytes
     FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
     ORDER BY total_exec_time DESC LIMIT $1`,
    [TOP],
  );
  return table(
    ['statement', 'level', 'calls', 'ms', 'rows', 'buffers', 'WAL bytes'],
    rows.map(({ query, toplevel, calls, ms, rows, hit, wal_bytes }) => [
      query.replaceAll(/\s+/g, ' ').replaceAll('|', '/').slice(0, 110),
      toplevel ? 'top' : 'inside',
      whole(Number(calls)),
      whole(Number(ms)),
      whole(Number(rows)),
      whole(Number(hit)),
      whole(Number(wal_bytes)),
    ]),
  );
}
