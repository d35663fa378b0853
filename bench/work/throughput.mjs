// Tasks made one a call and finished one at a time, by every side in turn.
import { rate, rotated, Samples } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { BARE, BULLMQ_DURABLE, BULLMQ_MEMORY, BULLMQ_POSTGRES, GRAPHILE, openPeers, PG_BOSS } from '../peers/index.mjs';
import { atLeast, table, whole } from '../report.mjs';

export const title = 'Create, claim and complete';

const WARM_UP = 2_000;
const CREATE = 'create';
const DRAIN = 'claim + complete';
const TWO_CALLS = 'claim + complete, two calls';

export async function run({ servers, rounds, tasks, slice, widths, sides: wanted, profile }) {
  const peers = await openPeers(servers, (name) => servers.database(name));
  const muster = await Muster.open(servers, await servers.database('muster'));
  const sides = [muster, ...peers].filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const samples = new Samples();
  try {
    // Round 0 warms up, and tells how much work each side can do in a slice of time.
    for (let round = 0; round <= rounds; round++) {
      for (const width of widths) {
        for (const side of rotated(sides, round)) {
          const count =
            round === 0
              ? Math.ceil(WARM_UP * Math.min(1, width / 64))
              : Math.ceil(samples.estimate(side.name, `${CREATE} ${width}`) * slice);
          const last = round === rounds && side === muster;
          const around = (name, work) => (last ? profile.around(`${name} ${width}`, muster, work) : work());
          for (const [name, value] of Object.entries(await measure(side, Math.min(count, tasks), width, around))) {
            samples.add(side.name, `${name} ${width}`, value);
          }
        }
      }
      if (round === 0) samples.warmedUp();
      await servers.settle();
    }
  } finally {
    for (const side of [...peers, muster]) await side.close();
  }
  return { tables: tablesOf(sides, widths, samples), goals: goalsOf(samples) };
}

/** Each side finishes what it made, so that the next begins with empty queues. */
async function measure(side, count, width, around) {
  const { perCall = 1 } = side;
  const calls = Math.ceil(count / perCall);
  const create = () => rate(calls, Math.max(1, Math.ceil(width / perCall)), () => side.createOne());
  const measured = { [CREATE]: (await around(CREATE, create)) * perCall };
  if (side.drain) measured[DRAIN] = await around(DRAIN, () => side.drain(calls * perCall, width));
  if (side.drainInTwoCalls) {
    await side.createMany(count);
    measured[TWO_CALLS] = await around(TWO_CALLS, () => side.drainInTwoCalls(count, width));
  }
  return measured;
}

function tablesOf(sides, widths, samples) {
  const head = (first) => [first, ...widths.map((width) => `${width} in flight`)];
  const rowsOf = (work) =>
    sides
      .filter(({ name }) => widths.some((width) => samples.median(name, `${work} ${width}`)))
      .map(({ name }) => [name, ...widths.map((width) => whole(samples.median(name, `${work} ${width}`)))]);
  const two = rowsOf(TWO_CALLS).map(([name, ...cells]) => [`${name}, two calls`, ...cells]);
  return [
    { caption: 'Create, tasks a second', text: table(head('create'), rowsOf(CREATE)) },
    {
      caption: 'Claim and complete, tasks a second',
      text: table(head('claim + complete'), [...rowsOf(DRAIN), ...two]),
    },
  ];
}

function goalsOf(samples) {
  const create = (other, width) => samples.ratio('Muster', other, `${CREATE} ${width}`);
  const complete = (other, width) =>
    samples.median('Muster', `${DRAIN} ${width}`) / samples.median(other, `${DRAIN} ${width}`);
  const two = (width) =>
    samples.median('Muster', `${TWO_CALLS} ${width}`) / samples.median('Muster', `${DRAIN} ${width}`);
  return [
    ...[PG_BOSS, GRAPHILE, BULLMQ_POSTGRES].map((peer) =>
      atLeast(`create, 64 in flight, beside ${peer}`, create(peer, 64), 12, '×'),
    ),
    atLeast(`create, 64 in flight, beside ${BULLMQ_DURABLE}`, create(BULLMQ_DURABLE, 64), 1.2, '×'),
    atLeast(`create, 256 in flight, beside ${BULLMQ_MEMORY}`, create(BULLMQ_MEMORY, 256), 1.5, '×'),
    atLeast(`${DRAIN}, 64 in flight, beside ${PG_BOSS}`, complete(PG_BOSS, 64), 10, '×'),
    atLeast(`${DRAIN}, 64 in flight, beside ${BULLMQ_DURABLE}`, complete(BULLMQ_DURABLE, 64), 1.2, '×'),
    atLeast(`${DRAIN}, 64 in flight, beside ${BULLMQ_MEMORY}`, complete(BULLMQ_MEMORY, 64), 1, '×'),
    atLeast(`${DRAIN}, 256 in flight, beside ${BULLMQ_MEMORY}`, complete(BULLMQ_MEMORY, 256), 1.5, '×'),
    atLeast('claim + complete as two calls, 64 in flight, beside claimNext', two(64), 0.7, '×'),
    atLeast(`create, one in flight, beside a ${BARE}`, create(BARE, 1), 0.6, '×'),
    atLeast(`create, one in flight, beside ${PG_BOSS}`, create(PG_BOSS, 1), 1.5, '×'),
    atLeast(`${DRAIN}, one in flight, beside ${PG_BOSS}`, complete(PG_BOSS, 1), 1.5, '×'),
  ];
}
