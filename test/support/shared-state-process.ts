// A node in a process of its own that changes a shared state and dies before it can tell the feed:
// `node -r ./run-ts.cjs shared-state-process.ts <database url> <tenant> <workspace>`.
import { SharedStateService } from '../../src/workspaces/index.js';
import { startNode } from './given.js';

async function changeAndDie(databaseUrl = '', tenantId = '', workspaceId = ''): Promise<void> {
  const node = await startNode(databaseUrl);
  const caller = { tenantId, actorId: 'ada', scopes: ['workspaces:write'] } as const;
  await node.get(SharedStateService).perform(caller, workspaceId, [{ type: 'increment', path: '/n' }]);
  process.kill(process.pid, 'SIGKILL');
}

void changeAndDie(...process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
