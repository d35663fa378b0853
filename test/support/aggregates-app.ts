import type { ModuleMetadata } from '@nestjs/common';
import { AgentsHttpModule, AgentsRepository, AgentsService } from '../../src/agents/index.js';
import { CacheModule } from '../../src/shared/cache/index.js';
import { Transactions } from '../../src/shared/database/index.js';
import { EventLog, EventsModule } from '../../src/shared/events/index.js';
import { WorkspacesHttpModule, WorkspacesRepository, WorkspacesService } from '../../src/workspaces/index.js';
import { type AuthAppOptions, startAuthApp } from './auth-app.js';
import { workerDatabase } from './database.js';

export type AggregatesApp = Awaited<ReturnType<typeof startAggregatesApp>>;

/** A real node with workspaces and agents, on the worker's database unless another is given. */
export async function startAggregatesApp(options: AuthAppOptions = {}) {
  const databaseUrl = options.database ?? workerDatabase();
  const imports: ModuleMetadata['imports'] = [
    CacheModule.forRoot(),
    EventsModule.forRoot({ databaseUrl, background: false }),
    WorkspacesHttpModule,
    AgentsHttpModule,
    ...(options.imports ?? []),
  ];
  const app = await startAuthApp({ ...options, imports });
  const events = app.get(EventLog);
  return {
    ...app,
    agents: app.get(AgentsService),
    workspaces: app.get(WorkspacesService),
    repositories: { agents: app.get(AgentsRepository), workspaces: app.get(WorkspacesRepository) },
    transactions: app.get(Transactions),
    /** What stands in a feed, oldest first. */
    async eventsOf(tenantId: string, feedId: string) {
      return (await events.read(tenantId, feedId, { limit: 1_000 })).events;
    },
  };
}
