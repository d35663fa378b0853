// A node in a process of its own that holds the subscriber `inbox` of a feed, to be killed in the middle of its work:
// `node -r ./run-ts.cjs subscriber-process.ts <database url> <tenant> <feed>`. It tells what it was given and what was
// acknowledged.
import { Subscribers } from '../../src/shared/events/index.js';
import { startNode } from './event-node.js';

const [url = '', tenantId = '', feedId = ''] = process.argv.slice(2);

async function work(): Promise<void> {
  const node = await startNode(url, { background: false });
  const subscribers = node.module.get(Subscribers);
  const caller = { tenantId, actorId: 'ada', scopes: ['events:read' as const] };
  const { subscription, epoch } = await subscribers.open(caller, 'inbox', { feeds: [{ feedId }] });
  for (;;) {
    for (const { seq } of await subscription.next()) {
      process.send?.({ given: seq });
      await subscribers.ack(caller, 'inbox', [{ feedId, seq }], epoch);
      process.send?.({ acked: seq });
    }
  }
}

work().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
