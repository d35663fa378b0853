import { type DynamicModule, Module } from '@nestjs/common';
import { MIGRATIONS } from '../migrations/index.js';
import { AgentsModule } from './agents/index.js';
import { CONFIG, type Config } from './config.js';
import { AuthModule } from './shared/auth/index.js';
import { NodeProbes } from './node-probes.js';
import { CacheCoherence, CacheModule } from './shared/cache/index.js';
import { DatabaseModule } from './shared/database/index.js';
import { EventsModule } from './shared/events/index.js';
import { HealthModule } from './shared/health/index.js';
import { MetricsModule } from './shared/metrics/index.js';
import { TasksModule } from './tasks/index.js';
import { WorkspacesModule } from './workspaces/index.js';

/** The databases a node talks to: those of the configuration, or its own. */
export interface Servers {
  databaseUrl: string;
  /** The server itself, where `databaseUrl` is a pooler. */
  directUrl: string;
}

/** The list of modules. */
@Module({})
export class AppModule {
  static forRoot(config: Config, { databaseUrl, directUrl }: Servers): DynamicModule {
    const redisUrl = config.redis.url;
    return {
      module: AppModule,
      imports: [
        MetricsModule.forRoot(),
        DatabaseModule.forRoot({
          url: databaseUrl,
          replicaUrls: config.database.replicaUrls,
          poolSize: config.database.poolSize,
          batchSize: config.database.batchSize,
          statementTimeoutMs: config.database.statementTimeoutMs,
          migrations: MIGRATIONS,
        }),
        CacheModule.forRoot({ redisUrl }),
        EventsModule.forRoot({ databaseUrl: directUrl, redisUrl, retentionDays: config.events.retentionDays }),
        AuthModule.forRoot({ oidc: config.oidc, rateLimit: config.rateLimit, redisUrl }),
        HealthModule,
        WorkspacesModule,
        AgentsModule,
        TasksModule,
      ],
      providers: [{ provide: CONFIG, useValue: config }, CacheCoherence, NodeProbes],
      exports: [CONFIG],
    };
  }
}
