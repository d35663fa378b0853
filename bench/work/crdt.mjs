// Merging two replicas of 1,000 elements each, half of them the same.
import muster from '../../dist/src/index.js';
import { median, percentile, seconds } from '../measure.mjs';
import { atMost, fixed, table } from '../report.mjs';

export const title = 'Merging replicas';

const ELEMENTS = 1_000;
const RUNS = 1_000;

const time = new muster.HybridLogicalClock('bench');
const SIDES = [
  {
    name: 'OR-Set',
    read: (json) => muster.ORSet.fromJSON(json),
    add: (set, replica, n) => set.add(replica, `element-${n}`),
  },
  {
    name: 'shared state, registers',
    read: (json) => muster.SharedState.fromJSON(json),
    add: (state, replica, n) =>
      state.perform({ type: 'set', path: ['members', `m${n}`], value: n }, replica, time.now()),
  },
];

export async function run() {
  const rows = [];
  const goals = [];
  for (const side of SIDES) {
    const [state, delta, one] = await measured(side);
    rows.push([
      side.name,
      ...[state, delta, one].flatMap((times) => [0.5, 0.95].map((p) => fixed(percentile(times, p), 3))),
    ]);
    goals.push(
      atMost(`merge of ${ELEMENTS.toLocaleString('en')} elements, ${side.name}, p50`, median(state), 1, ' ms'),
    );
  }
  const head = ['', 'state p50', 'p95', 'delta p50', 'p95', 'one change p50', 'p95'];
  return { tables: [{ caption: 'Milliseconds to merge', text: table(head, rows) }], goals };
}

/** Milliseconds of merging the other's state, what is new in it, and a single change; each time into a fresh copy. */
async function measured({ read, add }) {
  const ada = read({ context: {}, entries: {} });
  for (let n = 0; n < ELEMENTS / 2; n++) add(ada, 'ada', n);
  const bob = read(json(ada));
  for (let n = ELEMENTS / 2; n < ELEMENTS; n++) {
    add(ada, 'ada', n);
    add(bob, 'bob', ELEMENTS + n);
  }
  const delta = read(json(bob.delta(ada.clock)));
  const before = bob.clock;
  add(bob, 'bob', 0);
  const one = read(json(bob.delta(before)));

  const all = [];
  for (const other of [read(json(bob)), delta, one]) {
    const times = [];
    for (let run = 0; run < RUNS; run++) {
      const copy = read(json(ada));
      times.push((await seconds(() => copy.merge(other))) * 1000);
    }
    all.push(times);
  }
  return all;
}

const json = (state) => JSON.parse(JSON.stringify(state));
