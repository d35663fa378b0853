// Claims of one agent beside a million finished and a hundred thousand pending tasks, and on an almost empty table.
import { latencies, percentile } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { atMost, fixed, table, whole } from '../report.mjs';
import { copies, vacuum } from '../seed.mjs';

export const title = 'Large tables';

const FINISHED = 1_000_000;
const PENDING = 100_000;
const CLAIMS = 600;
const PART = 50;

export async function run({ servers, tasks }) {
  const share = tasks < 10_000 ? 0.01 : 1;
  const sides = [
    { name: 'empty', node: await Muster.open(servers, await servers.database('empty')), times: [] },
    { name: 'large', node: await Muster.open(servers, await servers.database('large')), times: [] },
  ];
  const [empty, large] = sides;
  const [finished, pending] = [FINISHED * share, PENDING * share];
  try {
    await fill(large.node, finished, pending);
    await empty.node.createMany(CLAIMS + PART);
    for (const { node } of sides) await vacuum(node);
    await servers.settle();
    for (let done = 0; done < CLAIMS + PART; done += PART) {
      for (const side of sides) {
        const times = await claims(side.node, PART);
        // The first part warms up.
        if (done > 0) side.times.push(...times);
      }
    }
  } finally {
    for (const { node } of sides) await node.close();
    await servers.drop('large');
  }
  const rows = sides.map(({ name, times }) => [name, ...[0.5, 0.95, 0.99].map((p) => fixed(percentile(times, p)))]);
  const caption = `Milliseconds of a claim, ${CLAIMS} claims, each finished before the next; large: ${whole(finished)} finished and ${whole(pending)} pending tasks`;
  return {
    tables: [{ caption, text: table(['table', 'p50', 'p95', 'p99'], rows) }],
    goals: [
      atMost(
        `claim p95 beside ${whole(finished)} finished and ${whole(pending)} pending tasks, of an empty table`,
        percentile(large.times, 0.95) / percentile(empty.times, 0.95),
        1.5,
        '×',
      ),
    ],
  };
}

async function fill(node, finished, pending) {
  const task = await node.createOne();
  await copies(node, { task, count: pending });
  const agentId = await node.agent(0);
  const lease = await node.claimOne(agentId);
  await node.completeOne(lease);
  await copies(node, { task: lease.task, count: finished });
  await node.sql(
    `INSERT INTO task_attempts SELECT r.* FROM tasks t, task_attempts a,
       LATERAL jsonb_populate_record(a, jsonb_build_object('task_id', t.id)) r
     WHERE t.status = 'completed' AND a.task_id = $1 AND t.id <> $1`,
    [lease.task.id],
  );
}

async function claims(node, count) {
  const agentId = await node.agent(0);
  const leases = [];
  const times = await latencies(count, async () => {
    leases.push(await node.claimOne(agentId));
  });
  for (const lease of leases) await node.completeOne(lease);
  return times;
}
