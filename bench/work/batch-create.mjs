// 10,000 tasks in one call, beside COPY of the rows that the call made.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { rotated, Samples, seconds } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { openPeers } from '../peers/index.mjs';
import { atLeast, atMost, table, whole } from '../report.mjs';

export const title = 'Batch create';

const COUNT = 10_000;
const COPY = 'bare COPY, same table and indexes, no events';
const COLUMN = 'batch';

export async function run({ servers, rounds, tasks }) {
  const count = Math.min(COUNT, tasks);
  const muster = await Muster.open(servers, await servers.database('muster'));
  const copy = await openCopy(muster, count);
  const createsMany = ({ createMany, perCall = 1 }) => createMany && perCall === 1;
  const peers = await openPeers(servers, (name) => servers.database(name), createsMany);
  const sides = [muster, copy, ...peers];
  const samples = new Samples();
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const side of rotated(sides, round)) {
        const taken = await seconds(() => side.createMany(count));
        if (round > 0) samples.add(side.name, COLUMN, count / taken);
        await servers.settle();
      }
    }
  } finally {
    for (const side of [...peers, copy, muster]) await side.close();
  }
  const rows = sides.map(({ name }) => [name, whole(samples.median(name, COLUMN))]);
  return {
    tables: [{ caption: `${whole(count)} tasks in one call, tasks a second`, text: table(['side', 'a second'], rows) }],
    goals: [
      atLeast(`batch create of ${whole(count)}, tasks a second`, samples.median('Muster', COLUMN), 40_000, ''),
      atMost('batch create, time beside bare COPY', samples.ratio(COPY, 'Muster', COLUMN), 2, '×'),
    ],
  };
}

/** Takes the rows of a batch out of the table as they are, and copies them into one like it. */
async function openCopy(muster, count) {
  await muster.createMany(count);
  const client = new pg.Client({ connectionString: muster.databaseUrl });
  await client.connect();
  const chunks = [];
  for await (const chunk of client.query(copyStreams.to('COPY tasks TO STDOUT'))) chunks.push(chunk);
  await client.query('CREATE TABLE bare_copy (LIKE tasks INCLUDING ALL)');
  return {
    name: COPY,
    async createMany() {
      await client.query('TRUNCATE bare_copy');
      await pipeline(Readable.from(chunks), client.query(copyStreams.from('COPY bare_copy FROM STDIN')));
    },
    close: () => client.end(),
  };
}
