import { openBarePg } from './bare-pg.mjs';
import { openBullMqOnPostgres, openBullMqOnRedis } from './bullmq.mjs';
import { openGraphileWorker } from './graphile-worker.mjs';
import { openPgBoss } from './pg-boss.mjs';

export const BARE = 'bare pg insert';
export const PG_BOSS = 'pg-boss';
export const GRAPHILE = 'graphile-worker';
export const BULLMQ_POSTGRES = 'BullMQ, PostgreSQL';
export const BULLMQ_DURABLE = 'BullMQ, Redis with fsync always';
export const BULLMQ_MEMORY = 'BullMQ, Redis in memory';

/** Whether a side can hand one task to somebody who waits. */
export const waitsForOne = ({ listen, perCall = 1 }) => listen && perCall === 1;

/**
 * Every side has `name`, `createOne()`, `createMany(count)`, `drain(count, width)`, which answers jobs a second,
 * `listen(onTask)`, which answers a function that stops it, and `close()`; what a side cannot do it does not have.
 * `url` makes an empty database; peers that are not `wanted` are closed at once.
 */
export async function openPeers(servers, url, wanted = () => true) {
  const peers = await open(servers, url);
  for (const peer of peers.filter((one) => !wanted(one))) await peer.close();
  return peers.filter(wanted);
}

async function open({ redis }, url) {
  const peers = [
    await openBarePg(await url('bare')),
    await openPgBoss(await url('pg_boss')),
    await openPgBoss(await url('pg_boss_batches'), { perCall: 64 }),
    await openGraphileWorker(await url('graphile_worker')),
    await openBullMqOnPostgres(await url('bullmq')),
  ];
  if (!redis) return peers;
  return [
    ...peers,
    await openBullMqOnRedis('Redis with fsync always', redis.durable),
    await openBullMqOnRedis('Redis in memory', redis.memory),
  ];
}
