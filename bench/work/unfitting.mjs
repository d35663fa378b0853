// A hundred thousand tasks that the agent cannot or may not do stand before those that it can.
import { latencies, percentile } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { atMost, fixed, table, whole } from '../report.mjs';
import { copies, vacuum } from '../seed.mjs';
import { TYPE } from '../task.mjs';

export const title = 'Unfitting tasks in front';

const FRONT = 100_000;
const KINDS = 20;
const PARTS = 6;
const PART = 10;

export async function run({ servers, tasks }) {
  const front = tasks < 10_000 ? 2_000 : FRONT;
  const sides = [];
  try {
    for (const name of ['none', 'capabilities', 'types', 'workspaces']) {
      sides.push({ name, ...(await prepare(name, servers, front)), times: [] });
    }
    await servers.settle();
    for (let part = 0; part <= PARTS; part++) {
      for (const side of sides) {
        const times = await claims(side);
        if (part > 0) side.times.push(...times);
      }
    }
  } finally {
    for (const { node, name } of sides) {
      await node.close();
      await servers.drop(`unfitting_${name}`);
    }
  }
  const [none, ...others] = sides;
  const rows = sides.map(({ name, times }) => [label(name), ...[0.5, 0.95].map((p) => fixed(percentile(times, p)))]);
  const caption = `Milliseconds of a claim with ${whole(front)} tasks in front, of ${KINDS} kinds`;
  return {
    tables: [{ caption, text: table(['in front', 'p50', 'p95'], rows) }],
    goals: others.map(({ name, times }) =>
      atMost(
        `claim past ${whole(front)} tasks of ${label(name)}, of none, p50`,
        percentile(times, 0.5) / percentile(none.times, 0.5),
        3,
        '×',
      ),
    ),
  };
}

const label = (name) => (name === 'none' ? 'none' : `other ${name}`);

/** A database with the tasks in front, and behind them those that the claims will take. */
async function prepare(name, servers, front) {
  const node = await Muster.open(servers, await servers.database(`unfitting_${name}`));
  const changes = {
    capabilities: async () => `'required_capabilities', jsonb_build_array('skill-' || g % ${KINDS})`,
    types: async () => `'type', 'other-' || g % ${KINDS}`,
    workspaces: async () => {
      const ids = [];
      for (let i = 0; i < KINDS; i++) ids.push((await node.workspaces.create(node.caller, { name: `other ${i}` })).id);
      return `'workspace_id', ('{${ids}}'::uuid[])[1 + g % ${KINDS}]`;
    },
  }[name];
  if (changes) {
    // Made as all tasks are, so that whatever is kept beside a task is there for the first of its kind.
    const task = await node.createOne();
    await copies(node, { task, count: front, changes: await changes() });
    await node.completeOne(await node.claimOne(await node.agent(0), optionsOf('types', node)));
  }
  await node.createMany((PARTS + 1) * PART);
  await vacuum(node);
  return { node, options: optionsOf(name, node) };
}

const optionsOf = (name, node) => ({
  ...(name === 'types' && { types: [TYPE] }),
  ...(name === 'workspaces' && { workspaceIds: [node.workspaceId] }),
});

async function claims({ node, options }) {
  const agentId = await node.agent(0);
  const leases = [];
  const times = await latencies(PART, async () => {
    leases.push(await node.claimOne(agentId, options));
  });
  for (const lease of leases) await node.completeOne(lease);
  return times;
}
