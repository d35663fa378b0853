// Changes of a workspace's shared state, and of its state by comparing versions, each change awaited by its caller.
import muster from '../../dist/src/index.js';
import { Samples, seconds } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { table, whole } from '../report.mjs';

export const title = 'Shared state';

const WIDTHS = [1, 20, 256];
const WORKSPACES = 50;
const VALUES = 1_000;

export async function run({ servers, rounds, slice }) {
  const database = await servers.database('muster');
  const nodes = [await Muster.open(servers, database), await Muster.open(servers, database)];
  const sides = await sidesOf(nodes);
  const samples = new Samples();
  for (let round = 0; round <= rounds; round++) {
    if (round === 1) samples.warmedUp();
    for (const [name, change] of sides) {
      for (const width of WIDTHS) samples.add(name, width, await during(slice, width, change));
    }
  }
  for (const node of nodes) await node.close();
  const rows = sides.map(([name]) => [name, ...WIDTHS.map((width) => whole(samples.median(name, width)))]);
  const head = ['', ...WIDTHS.map((width) => `${width} in flight`)];
  return { tables: [{ caption: 'Changes a second', text: table(head, rows) }], goals: [] };
}

async function sidesOf(nodes) {
  const [node] = nodes;
  const { caller } = node;
  const workspaces = [];
  for (let n = 0; n < WORKSPACES + 3; n++) {
    workspaces.push((await node.workspaces.create(caller, { name: `shared-${n}` })).id);
  }
  const [one, both, large, ...many] = workspaces;
  const shared = nodes.map(({ server }) => server.app.get(muster.SharedStateService));
  const states = node.server.app.get(muster.StateService);
  const increment = (service, id) => service.perform(caller, id, [{ type: 'increment', path: '/n' }]);
  for (let n = 0; n < VALUES; n += 500) {
    const values = Array.from({ length: 500 }, (_, i) => ({ type: 'set', path: `/values/v${n + i}`, value: i }));
    await shared[0].perform(caller, large, values);
  }

  let turn = 0;
  return [
    ['increment, one workspace, one node', () => increment(shared[0], one)],
    ['increment, one workspace, two nodes', () => increment(shared[turn++ % 2], both)],
    [`increment beside ${VALUES.toLocaleString('en')} values`, () => increment(shared[0], large)],
    [`increment, ${WORKSPACES} workspaces, two nodes`, () => increment(shared[turn++ % 2], many[turn % WORKSPACES])],
    ['updateState, one workspace', () => update(states, caller, one)],
    [`updateState, ${WORKSPACES} workspaces`, () => update(states, caller, many[turn++ % WORKSPACES])],
  ];
}

/** Changes a second, of those that were made. A round ends by time: of many that compare versions most come too late. */
async function during(limit, width, change) {
  let made = 0;
  let over = false;
  const taken = await seconds(async () => {
    const timer = setTimeout(() => (over = true), limit * 1_000);
    await Promise.all(
      Array.from({ length: width }, async () => {
        while (!over) if (await change()) made++;
      }),
    );
    clearTimeout(timer);
  });
  return made / taken;
}

/** Reads, adds one and writes; undefined where somebody came in between. */
async function update(states, caller, id) {
  const { state = { n: 0 }, version = 0 } = (await states.get(caller, id)) ?? {};
  try {
    return await states.update(caller, id, version, { n: state.n + 1 });
  } catch (error) {
    if (error.code !== 'stale_version') throw error;
    return undefined;
  }
}
