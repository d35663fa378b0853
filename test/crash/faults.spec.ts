import { randomInt } from 'node:crypto';
import type { Rule } from '../../src/cli/verify/rules.js';
import { scratchDatabase } from '../support/database.js';
import { startGiven } from '../support/given.js';
import { faultRun, lossyRun } from './fault-run.js';
import { FAULTS } from './faults.js';

/** At most, for each fault; each lasts twice as long as the one before, for a machine may be slow. */
const RUNS = 5;

describe('a service with a fault', () => {
  const seed = randomInt(2 ** 31);
  const given = startGiven({ nodes: 2, database: () => scratchDatabase() });

  it(`[S164] is clean without one (seed ${seed})`, async () => {
    expect((await faultRun(given, undefined, seed, 1)).violations).toEqual([]);
  });

  it.each(FAULTS)(
    `[S164] is found out: $name (seed ${seed})`,
    async (fault) => {
      // A symptom of a race may not show in one short run.
      const missed = new Set(fault.breaks);
      for (let run = 0; run < RUNS && missed.size > 0; run++) {
        const { rules } = await faultRun(given, fault, seed + run, 2 ** run);
        for (const rule of fault.breaks) if (rules[rule] > 0) missed.delete(rule);
      }
      expect([...missed]).toEqual([]);
    },
    900_000,
  );

  it(`[S164] is found out: answers come before the commit (seed ${seed})`, async () => {
    const missed = new Set<Rule>(['told_but_not_claimed', 'told_but_not_done']);
    for (let run = 0; run < RUNS && missed.size > 0; run++) {
      const { rules } = await lossyRun(seed + run, 2 ** run);
      for (const rule of missed) if (rules[rule] > 0) missed.delete(rule);
    }
    expect([...missed]).toEqual([]);
  }, 900_000);
});
