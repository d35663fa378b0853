// Events to those who follow, from the commit to the client's socket, beside `ws` with nothing of ours.
import { startChild, startNode } from '../child.mjs';
import { rotated, Samples } from '../measure.mjs';
import { atLeast, atMost, fixed, table, whole } from '../report.mjs';

export const title = 'Fan-out';

const BARE = 'bare ws';
const SSE = 'Muster, SSE';
const SOCKET = 'Muster, WebSocket';
const KINDS = { [BARE]: 'ws', [SSE]: 'sse', [SOCKET]: 'muster' };
const SHAPES = [
  { name: '10,000 sockets on one feed, 10 events/s', sockets: 10_000, feeds: 1, rate: 10 },
  { name: '1,000 sockets on one feed, 100 events/s', sockets: 1_000, feeds: 1, rate: 100 },
  { name: '1,000 feeds with one socket each, 5,000 events/s', sockets: 1_000, feeds: 1_000, rate: 5_000 },
];
const SECONDS = 5;
const REPLAYED = 1_000_000;
const LIMIT = 1.5;
const REPLAY_GOAL = 50_000;
/** One key and one tenant have all the connections. */
const ROOM = {
  MUSTER_STREAMS_PER_KEY: '20000',
  MUSTER_STREAMS_PER_TENANT: '20000',
  MUSTER_WS_PER_KEY: '20000',
  MUSTER_WS_PER_TENANT: '20000',
};

export async function run({ servers, rounds, tasks, slice, sides, profile }) {
  const url = await servers.database('fan_out');
  const script = 'fan-out-server.mjs';
  const muster = await startNode(servers, 'muster', url, { ...profile, script, more: ROOM });
  const bare = await startNode(servers, 'ws', url, { script });
  const clients = await startChild('fan-out-clients.mjs');
  const names = Object.keys(KINDS).filter((name) => sides.length === 0 || sides.includes(name));
  const places = names.map((name) => ({ name, kind: KINDS[name], node: name === BARE ? bare : muster, clients }));
  const samples = new Samples();
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const shape of SHAPES) {
        for (const place of rotated(places, round)) await fanOut(place, shape, SECONDS * slice, samples);
      }
      if (round === 0) samples.warmedUp();
      await servers.settle();
    }
    for (const place of places) await replay(place, tasks < 60_000 ? tasks : REPLAYED, samples);
  } finally {
    for (const child of [clients, bare, muster]) await child.stop();
  }
  return report(names, samples);
}

/** Where a socket of the side goes. */
const target = ({ kind, node }, feed, after) => ({
  url: node.url,
  path: { ws: `/${feed}`, sse: `/v1/workspaces/${feed}/events/stream?after=${after}`, muster: '/v1/ws' }[kind],
  workspaceId: feed,
  after,
});

async function fanOut(place, { name: shape, sockets, feeds: count, rate }, seconds, samples) {
  const { name, kind, node, clients } = place;
  const feeds = await node.call('feeds', count);
  const before = await node.call('resident');
  const events = Math.round(rate * seconds);
  const expected = events * (sockets / count);
  const targets = Array.from({ length: sockets }, (_, n) => target(place, feeds[n % count], 1));
  await clients.call('open', kind, targets, expected);
  const open = await node.call('resident');
  const times = await node.call('publish', feeds, rate, seconds);
  const { received, outOfOrder, p50, p99 } = await clients.call('collect', expected, times);
  await clients.call('close');
  const values = { p50, p99, lost: expected - received, outOfOrder, memory: (open - before) / sockets / 1024 };
  for (const [column, value] of Object.entries(values)) samples.add(`${shape} | ${name}`, column, value);
}

async function replay(place, count, samples) {
  const { name, kind, node, clients } = place;
  const [feed] = await node.call('feeds', 1);
  await node.call('replay', feed, count);
  await clients.call('open', kind, [target(place, feed, 1)], count);
  const started = process.hrtime.bigint();
  const { received, outOfOrder, heardAt } = await clients.call('collect', count);
  const seconds = (heardAt - Number(started) / 1e6) / 1_000;
  await clients.call('close');
  samples.add(name, 'replay', received / seconds);
  samples.add(name, 'lost', count - received + outOfOrder);
}

function report(names, samples) {
  const key = (shape, name) => `${shape.name} | ${name}`;
  const of = (shape, name, column) => samples.median(key(shape, name), column);
  const rows = SHAPES.flatMap((shape) =>
    names.map((name) => [
      shape.name,
      name,
      ...['p50', 'p99'].map((column) => fixed(of(shape, name, column))),
      fixed(of(shape, name, 'p99') / of(shape, BARE, 'p99')),
      whole(samples.sum(key(shape, name), 'lost') + samples.sum(key(shape, name), 'outOfOrder')),
      fixed(of(shape, name, 'memory'), 1),
    ]),
  );
  const head = ['load', 'side', 'p50', 'p99', 'p99 beside bare ws', 'lost or repeated', 'KiB a socket'];
  const replays = names.map((name) => [name, whole(samples.median(name, 'replay')), whole(samples.sum(name, 'lost'))]);
  const ours = names.filter((name) => name !== BARE);
  return {
    tables: [
      { caption: 'Milliseconds from the commit to the client, resident memory of the server', text: table(head, rows) },
      { caption: 'Replay to one client', text: table(['side', 'events a second', 'lost or repeated'], replays) },
    ],
    goals: [
      ...SHAPES.flatMap((shape) =>
        ours.map((name) => {
          const ratio = of(shape, name, 'p99') / of(shape, BARE, 'p99');
          return atMost(`commit → client, p99 beside bare ws: ${name}, ${shape.name}`, ratio, LIMIT, '×');
        }),
      ),
      ...ours.map((name) => atLeast(`replay: ${name}`, samples.median(name, 'replay'), REPLAY_GOAL, ' events/s')),
    ],
  };
}
