// Reading a task that was read before.
import { latencies, percentile } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { atMost, fixed, table } from '../report.mjs';

export const title = 'Cached get';

const READS = 20_000;

export async function run({ servers, tasks }) {
  const node = await Muster.open(servers, await servers.database('muster'));
  const { id } = await node.createOne();
  const read = () => node.tasks.get(node.caller, id);
  await latencies(2_000, read);
  const times = await latencies(Math.min(READS, tasks * 10), read);
  await node.close();
  const row = ['get', ...[0.5, 0.95, 0.99].map((p) => fixed(percentile(times, p), 4))];
  return {
    tables: [{ caption: 'Milliseconds', text: table(['', 'p50', 'p95', 'p99'], [row]) }],
    goals: [atMost('cached get in process, p50', percentile(times, 0.5), 0.1, ' ms')],
  };
}
