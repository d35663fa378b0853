import { createPostgresBackend, Queue, runMigrations, Worker } from 'bullmq';
import pg from 'pg';
import { seconds } from '../measure.mjs';
import { PARAMETERS, POOL_SIZE, RESULT, TYPE } from '../task.mjs';

const QUEUE = 'work';

/** On a Redis; `kind` says how it keeps what it is told. */
export const openBullMqOnRedis = (kind, { host, port }) =>
  open(`BullMQ, ${kind}`, { host, port, maxRetriesPerRequest: null });

export async function openBullMqOnPostgres(url) {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const client = await pool.connect();
  await runMigrations(client);
  client.release();
  await pool.end();
  return open('BullMQ, PostgreSQL', { connectionString: url, max: POOL_SIZE }, createPostgresBackend);
}

/** Drained by a Worker, which takes the next job in the same call that finishes one. Finished jobs stay, as by default. */
async function open(name, connection, backend) {
  const queue = new Queue(QUEUE, { connection }, backend);
  await queue.waitUntilReady();

  async function start(concurrency, onTask) {
    const worker = new Worker(QUEUE, onTask, { connection, concurrency, autorun: false }, backend);
    worker.on('error', (error) => console.error(error));
    await worker.waitUntilReady();
    return worker;
  }

  return {
    name,
    createOne: () => queue.add(TYPE, PARAMETERS),
    createMany: (count) => queue.addBulk(Array.from({ length: count }, () => ({ name: TYPE, data: PARAMETERS }))),

    async drain(count, width) {
      const worker = await start(width, async () => RESULT);
      let left = count;
      const done = new Promise((resolve) => worker.on('completed', () => --left === 0 && resolve()));
      const taken = await seconds(async () => {
        void worker.run();
        await done;
      });
      await worker.close();
      return count / taken;
    },

    async listen(onTask) {
      const worker = await start(1, async () => {
        onTask();
        return RESULT;
      });
      void worker.run();
      return () => worker.close();
    },

    close: () => queue.close(),
  };
}
