// The same work on two databases in turn; in one of them a transaction stays open, so that nothing dead can be cleaned.
import pg from 'pg';
import { rate, Samples, seconds } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { atLeast, table, whole } from '../report.mjs';

export const title = 'A transaction held open';

const TASKS = 60_000;
const PART = 10_000;
const WIDTH = 64;
const WORKS = ['create', 'claim + complete'];

export async function run({ servers, tasks }) {
  const total = Math.min(TASKS, tasks);
  const part = Math.min(PART, total);
  const sides = [
    { name: 'free', node: await Muster.open(servers, await servers.database('free')) },
    { name: 'held', node: await Muster.open(servers, await servers.database('held')) },
  ];
  const held = new pg.Client({ connectionString: sides[1].node.databaseUrl });
  await held.connect();
  const samples = new Samples();
  const rows = [];
  try {
    for (const { node } of sides) {
      await rate(1_000, WIDTH, () => node.createOne());
      await node.drain(1_000, WIDTH);
    }
    await held.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await held.query('SELECT txid_current()');
    for (let done = part; done <= total; done += part) {
      // Who begins changes from part to part.
      const order = (done / part) % 2 === 0 ? sides : sides.toReversed();
      for (const { name, node } of order) {
        samples.add(name, 'create', await seconds(() => rate(part, WIDTH, () => node.createOne())));
        samples.add(name, 'claim + complete', await seconds(() => node.drain(part, WIDTH)));
      }
      const now = WORKS.flatMap((work) => sides.map(({ name }) => whole(part / samples.last(name, work))));
      rows.push([whole(done), ...now]);
    }
  } finally {
    await held.end();
    for (const { node } of sides) await node.close();
  }
  const head = ['after tasks', ...WORKS.flatMap((work) => sides.map(({ name }) => `${work}, ${name}`))];
  return {
    tables: [{ caption: `${WIDTH} in flight, tasks a second of each part`, text: table(head, rows) }],
    goals: WORKS.map((work) =>
      atLeast(
        `${work} through ${whole(total)} tasks with a transaction held open, of the speed without`,
        (samples.sum('free', work) / samples.sum('held', work)) * 100,
        90,
        ' %',
      ),
    ),
  };
}
