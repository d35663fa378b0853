// From the call that creates a task to the hands of somebody who waits for one.
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { openPeers, waitsForOne } from '../peers/index.mjs';
import { atMost, fixed, table } from '../report.mjs';

export const title = 'Waking who waits for work';

const COUNT = 200;
const LIMIT_MS = 25;

export async function run({ servers, tasks }) {
  const count = Math.min(COUNT, tasks);
  const url = await servers.database('muster');
  const node = await Muster.open(servers, url);
  const other = await Muster.open(servers, url);
  const redis = servers.redis && { REDIS_URL: `redis://127.0.0.1:${servers.redis.memory.port}` };
  const withRedis = redis ? [await Muster.open(servers, url, redis), await Muster.open(servers, url, redis)] : [];
  const peers = await openPeers(servers, (name) => servers.database(name), waitsForOne);
  const pairs = [
    ['Muster, one node', node, node],
    ['Muster, two nodes by NOTIFY', node, other],
    ...(redis ? [['Muster, two nodes by Redis', ...withRedis]] : []),
    ...peers.map((peer) => [peer.name, peer, peer]),
  ];
  const measured = [];
  try {
    for (const [name, from, to] of pairs) measured.push([name, await wakeUps(from, to, count)]);
  } finally {
    for (const side of [...peers, ...withRedis, other, node]) await side.close();
  }
  const rows = measured.map(([name, times]) => [name, ...[0.5, 0.95, 0.99].map((p) => fixed(percentile(times, p)))]);
  return {
    tables: [{ caption: 'Milliseconds, create included', text: table(['side', 'p50', 'p95', 'p99'], rows) }],
    goals: measured
      .filter(([name]) => name.startsWith('Muster'))
      .map(([name, times]) => atMost(`ready → claimed, p95: ${name}`, percentile(times, 0.95), LIMIT_MS, ' ms')),
  };
}

async function wakeUps(from, to, count) {
  let arrived;
  const stop = await to.listen(() => arrived?.());
  const times = [];
  // Long enough for the listener to be back at waiting, and never in step with its timers.
  const pause = () => sleep(10 + Math.random() * 15);
  await sleep(500);
  for (let i = 0; i < count; i++) {
    const arrival = new Promise((resolve) => (arrived = resolve));
    const started = performance.now();
    await from.createOne();
    await arrival;
    times.push(performance.now() - started);
    await pause();
  }
  await stop();
  return times;
}
