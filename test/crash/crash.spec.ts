import { randomInt } from 'node:crypto';
import { crashRun } from './crash-run.js';

/** How long things break at least; `npm run crash` does it for longer. */
const SECONDS = 13;

describe('a fleet while everything breaks', () => {
  it('[S162] [S164] finishes each task once, and is told nothing that is not so', async () => {
    const seed = randomInt(2 ** 31);
    console.log(`seed ${seed}`);
    const { verdict, blows, crashes, completed, deaths, lostLeases, file } = await crashRun({ seed, seconds: SECONDS });

    const found = { seed, file, violations: verdict.violations, crashes };
    expect(found).toEqual({ ...found, violations: [], crashes: [] });
    expect(verdict.rows).toBe(verdict.tasks);
    expect(completed).toBeGreaterThan(300);
    // It broke indeed.
    const kinds = [
      'kill -9 of node 1',
      'kill -9 of node 2',
      'kill -9 of all nodes',
      'kill -9 of PostgreSQL',
      'restart of PostgreSQL',
      'connections cut',
      'network frozen',
    ];
    expect(Object.keys(blows).sort()).toEqual(kinds.sort());
    expect(Math.min(verdict.lost, verdict.repeats, deaths, lostLeases)).toBeGreaterThan(0);
  }, 900_000);
});
