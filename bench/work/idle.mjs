// What a service asks of the database, and keeps in memory, while nobody asks anything of it.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountingProxy } from '../counting-proxy.mjs';
import { startNode } from '../child.mjs';
import { openPeers } from '../peers/index.mjs';
import { atMost, fixed, table, whole } from '../report.mjs';

export const title = 'Idle';

const SETTLE_MS = 5_000;
const WATCH_MS = 20_000;

export async function run({ servers, tasks }) {
  const watchMs = tasks < 1_000 ? 3_000 : WATCH_MS;
  const proxy = await CountingProxy.open(await servers.database('idle'));
  const node = await startNode(servers, 'muster', proxy.url);
  await sleep(SETTLE_MS);
  const muster = await statementsPerSecond([proxy], watchMs);
  const megabytes = residentMegabytes(node.pid);
  await node.stop();
  await proxy.close();

  const proxies = [];
  const peers = await openPeers(servers, async (name) => {
    proxies.push([name, await CountingProxy.open(await servers.database(name))]);
    return proxies.at(-1)[1].url;
  });
  const waiting = peers.filter((peer) => peer.listen && !(peer.perCall > 1));
  const stops = [];
  for (const peer of waiting) stops.push(await peer.listen(() => {}));
  await sleep(SETTLE_MS);
  const before = proxies.map(([, { statements }]) => statements);
  await sleep(watchMs);
  const counts = proxies.map(([name, { statements }], index) => [
    name,
    (statements - before[index]) / (watchMs / 1000),
  ]);
  for (const stop of stops) await stop();
  for (const peer of peers) await peer.close();
  for (const [, one] of proxies) await one.close();

  const shown = counts.filter(([name]) => !['bare', 'pg_boss_batches'].includes(name));
  const rows = [
    ['Muster, a whole node', fixed(muster), whole(megabytes)],
    ...shown.map(([name, count]) => [`${name.replace('_', '-')}, one waiting worker`, fixed(count), '']),
  ];
  return {
    tables: [{ caption: 'Nothing to do', text: table(['side', 'statements a second', 'resident MB'], rows) }],
    goals: [
      atMost('idle service, queries a second', muster, 2, ''),
      atMost('idle service, resident memory', megabytes, 250, ' MB'),
    ],
  };
}

async function statementsPerSecond(proxies, ms) {
  const sum = () => proxies.reduce((all, { statements }) => all + statements, 0);
  const before = sum();
  await sleep(ms);
  return (sum() - before) / (ms / 1000);
}

/** Of /proc, so on Linux only. */
function residentMegabytes(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  } catch {
    return NaN;
  }
}
