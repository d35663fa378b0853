import { Logger, makeWorkerUtils, run, runMigrations } from 'graphile-worker';
import pg from 'pg';
import { seconds } from '../measure.mjs';
import { PARAMETERS, POOL_SIZE } from '../task.mjs';

const TASK = 'work';
const logger = new Logger(() => () => {});

/**
 * Drained as its manual advises for many small jobs: jobs are taken into a local queue and completions that fall
 * together share a statement. A job is deleted when it is done and leaves no result.
 */
export async function openGraphileWorker(url) {
  const pgPool = new pg.Pool({ connectionString: url, max: POOL_SIZE });
  pgPool.on('error', (error) => console.error(error));
  pgPool.on('connect', (client) => client.on('error', (error) => console.error(error)));
  await runMigrations({ pgPool, logger });
  const utils = await makeWorkerUtils({ pgPool, logger });

  const work = (concurrentJobs, onTask, batching) =>
    run({
      pgPool,
      taskList: { [TASK]: onTask },
      crontab: '',
      logger,
      noHandleSignals: true,
      preset: { worker: { concurrentJobs, maxPoolSize: POOL_SIZE, ...batching } },
    });

  return {
    name: 'graphile-worker',
    createOne: () => utils.addJob(TASK, PARAMETERS),
    createMany: (count) =>
      utils.addJobs(Array.from({ length: count }, () => ({ identifier: TASK, payload: PARAMETERS }))),

    async drain(count, width) {
      let left = count;
      let runner;
      const taken = await seconds(async () => {
        let finish;
        const done = new Promise((resolve) => (finish = resolve));
        const batching = width > 1 ? { localQueue: { size: width + 1 }, completeJobBatchDelay: 0 } : {};
        runner = await work(width, async () => void (--left === 0 && finish()), batching);
        await done;
        await runner.stop();
      });
      return count / taken;
    },

    async listen(onTask) {
      const runner = await work(1, async () => onTask());
      return () => runner.stop();
    },

    async close() {
      await utils.release();
      await pgPool.end();
    },
  };
}
