import { PgBoss } from 'pg-boss';
import { rate } from '../measure.mjs';
import { PARAMETERS, POOL_SIZE, RESULT } from '../task.mjs';

const QUEUE = 'work';

/**
 * One job at a time is fetch and complete, a loop for each worker: `work()` would wait for its poll between two jobs.
 * `perCall` gathers that many jobs into each call, which pg-boss leaves to its user.
 */
export async function openPgBoss(url, { perCall = 1 } = {}) {
  const boss = new PgBoss({ connectionString: url, max: POOL_SIZE, schedule: false, useListenNotify: true });
  // It does not wait for its sessions to end when it stops.
  let closing = false;
  boss.on('error', (error) => closing || console.error(error));
  await boss.start();
  await boss.createQueue(QUEUE, { notify: true });
  const jobs = (count) => Array.from({ length: count }, () => ({ data: PARAMETERS }));

  return {
    name: perCall === 1 ? 'pg-boss' : `pg-boss, ${perCall} a call`,
    perCall,
    createOne: () => (perCall === 1 ? boss.send(QUEUE, PARAMETERS) : boss.insert(QUEUE, jobs(perCall))),
    createMany: (count) => boss.insert(QUEUE, jobs(count)),

    async drain(count, width) {
      const calls = Math.ceil(count / perCall);
      const perSecond = await rate(calls, Math.max(1, Math.ceil(width / perCall)), async () => {
        const fetched = await boss.fetch(QUEUE, { batchSize: perCall });
        const ids = fetched.map((job) => job.id);
        if (ids.length > 0) await boss.complete(QUEUE, ids.length === 1 ? ids[0] : ids, RESULT);
      });
      return perSecond * (count / calls);
    },

    async listen(onTask) {
      const id = await boss.work(QUEUE, { pollingIntervalSeconds: 2 }, async () => {
        onTask();
        return RESULT;
      });
      return () => boss.offWork(QUEUE, { id });
    },

    async close() {
      closing = true;
      await boss.stop({ graceful: false });
    },
  };
}
