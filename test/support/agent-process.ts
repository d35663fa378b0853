// An agent in a process of its own, to be killed. It tells its parent of each task that it has worked out, and goes on
// when it is told to.
import { once } from 'node:events';
import { type ClaimKind, MusterClient } from '@muster/client';

const [url = '', key = '', id = '', outbox = '', claimKind = 'agent'] = process.argv.slice(2);

async function main(): Promise<void> {
  const agent = new MusterClient({ url, key, timeoutMs: 2_000 }).agent({ id, outbox, onTrouble: () => undefined });
  const handler = async (task: { id: string }): Promise<{ by: number }> => {
    process.send?.({ worked: task.id });
    await once(process, 'message');
    return { by: process.pid };
  };
  await agent.run(handler, { claimKind: claimKind as ClaimKind });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
