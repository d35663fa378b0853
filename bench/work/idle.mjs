// What a service asks of the database, and keeps in memory, while nobody asks anything of it.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountingProxy } from '../counting-proxy.mjs';
import { startNode } from '../child.mjs';
import { openPeers, waitsForOne } from '../peers/index.mjs';
import { atMost, fixed, table, whole } from '../report.mjs';

export const title = 'Idle';

const SETTLE_MS = 5_000;
const WATCH_MS = 20_000;

export async function run({ servers, tasks }) {
  const watchMs = tasks < 1_000 ? 3_000 : WATCH_MS;
  const proxy = await CountingProxy.open(await servers.database('idle'));
  const node = await startNode(servers, 'muster', proxy.url);
  await sleep(SETTLE_MS);
  const muster = await statementsPerSecond(proxy, watchMs);
  const megabytes = residentMegabytes(node.pid);
  await node.stop();
  await proxy.close();

  const proxies = new Map();
  const through = async (name) => {
    proxies.set(name, await CountingProxy.open(await servers.database(name)));
    return proxies.get(name).url;
  };
  const peers = await openPeers(servers, through, waitsForOne);
  const stops = [];
  for (const peer of peers) stops.push(await peer.listen(() => {}));
  await sleep(SETTLE_MS);
  const shown = ['pg_boss', 'graphile_worker', 'bullmq'];
  const counts = await Promise.all(shown.map((name) => statementsPerSecond(proxies.get(name), watchMs)));
  for (const stop of stops) await stop();
  for (const peer of peers) await peer.close();
  for (const one of proxies.values()) await one.close();

  const rows = [
    ['Muster, a whole node', fixed(muster), whole(megabytes)],
    ...['pg-boss', 'graphile-worker', 'BullMQ, PostgreSQL'].map((name, index) => [
      `${name}, one waiting worker`,
      fixed(counts[index]),
      '',
    ]),
  ];
  return {
    tables: [{ caption: 'Nothing to do', text: table(['side', 'statements a second', 'resident MB'], rows) }],
    goals: [
      atMost('idle service, queries a second', muster, 2, ''),
      atMost('idle service, resident memory', megabytes, 250, ' MB'),
    ],
  };
}

async function statementsPerSecond(proxy, ms) {
  const before = proxy.statements;
  await sleep(ms);
  return (proxy.statements - before) / (ms / 1000);
}

/** Of /proc, so on Linux only. */
function residentMegabytes(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return NaN;
  }
}
