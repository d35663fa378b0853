import fc from 'fast-check';
import { allowedFrom, TASK_STATUSES } from '../../src/tasks/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { type Given, startGiven } from '../support/given.js';
import { anyCommand } from './commands.js';
import { runs, TIMEOUT_MS } from './runs.js';
import { NEXT, type TaskModel } from './task-model.js';
import { World } from './world.js';

describe('tasks, beside a model of them', () => {
  let database = '';
  const given = startGiven({ database: async () => (database = await scratchDatabase()) });
  // The sweeper sweeps when it is told to, and not between two commands.
  beforeAll(() => query(database, SEAT_TAKEN));

  it('move along the table of the requirements', () => {
    expect(Object.fromEntries(TASK_STATUSES.map((status) => [status, allowedFrom(status)]))).toEqual(NEXT);
  });

  it(
    'answer any commands as the model does, and come to the same rows, edges, attempts and events',
    async () => {
      await fc.assert(sameAs(given), runs(25));
    },
    TIMEOUT_MS,
  );
});

describe('the model', () => {
  let database = '';
  const given = startGiven({ database: async () => (database = await scratchDatabase()) });
  beforeAll(async () => {
    await query(database, SEAT_TAKEN);
    const [{ sql } = { sql: '' }] = await query<{ sql: string }>(
      database,
      `SELECT pg_get_functiondef(oid) AS sql FROM pg_proc WHERE proname = 'task_complete'`,
    );
    await query(database, sql.replace('AND epoch = p_epochs[i]', ''));
  });

  it(
    'finds it out when a completion is taken under any epoch',
    async () => {
      const { failed, counterexample } = await fc.check(sameAs(given), { ...runs(100), endOnFailure: true });

      expect(failed).toBe(true);
      expect(String(counterexample)).toMatch(/complete(AndClaim)?\(t\d+ at \d+[^)]*\)[^)]*$/);
    },
    TIMEOUT_MS,
  );
});

/** Any commands do the same to the model as to the service. */
function sameAs(given: Given) {
  return fc.asyncProperty(fc.commands([anyCommand], { maxCommands: 60, size: 'max' }), async (steps) => {
    let ran: { real: World; model: TaskModel } | undefined;
    await fc.asyncModelRun(async () => (ran = await World.begin(given)), steps);
    await ran?.real.compareAll(ran.model);
  });
}

const SEAT_TAKEN = `INSERT INTO leaders AS l (name, node, epoch, lease_expires_at)
  VALUES ('task-sweeper', gen_random_uuid(), 1, 'infinity')
  ON CONFLICT (name) DO UPDATE SET node = excluded.node, lease_expires_at = excluded.lease_expires_at`;
