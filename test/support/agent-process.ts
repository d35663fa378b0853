// An agent in a process of its own, to be killed. It tells its parent of each task that it has worked out, and goes on
// when it is told to.
import { once } from 'node:events';
import { MusterClient } from '@muster/client';

const [url = '', key = '', id = '', outbox = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  const agent = new MusterClient({ url, key, timeoutMs: 2_000 }).agent({ id, outbox, onTrouble: () => undefined });
  await agent.run(async (task) => {
    process.send?.({ worked: task.id });
    await once(process, 'message');
    return { by: process.pid };
  });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
