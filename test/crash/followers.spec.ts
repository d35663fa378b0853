import { randomInt } from 'node:crypto';
import { RedisServer } from '../support/redis-server.js';
import { crashRun } from './crash-run.js';

/** How long things break at least; `npm run crash -- --followers 200` does it with more, for longer. */
const SECONDS = 8;
const FOLLOWERS = 40;

describe('who follows the log while everything breaks, by every door, ends with exactly the log', () => {
  const run = async (redis: boolean): Promise<void> => {
    const seed = randomInt(2 ** 31);
    console.log(`seed ${seed}`);
    const report = await crashRun({ seed, seconds: SECONDS, agents: 16, followers: FOLLOWERS, redis });

    const { audience, crashes, verdict, file } = report;
    const found = { seed, file, faults: audience.faults, crashes, violations: verdict.violations };
    expect(found).toEqual({ ...found, faults: [], crashes: [], violations: [] });
    expect(audience.events).toBeGreaterThan(1_000);
    // It broke indeed.
    expect(audience.connections).toBeGreaterThan(2 * FOLLOWERS);
  };

  it('[S154] [S164] with wake-ups by PostgreSQL', () => run(false), 900_000);

  (RedisServer.installed ? it : it.skip)(
    '[S154] [S164] with a Redis that is stopped and started',
    () => run(true),
    900_000,
  );
});
