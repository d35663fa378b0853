import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { MIGRATIONS } from '../migrations/index.js';
import { AgentsHttpModule, AgentsModule } from './agents/index.js';
import { DocumentsHttpModule, DocumentsModule } from './documents/index.js';
import { RealtimeModule, type SocketOptions, SocketsModule, type StreamOptions } from './gateways/realtime/index.js';
import { NodeProbes } from './node-probes.js';
import { AuthModule, type OidcOptions, type RateLimitOptions } from './shared/auth/index.js';
import { CacheCoherence, CacheModule } from './shared/cache/index.js';
import { DatabaseModule, type DatabaseOptions, type Migration, Migrator } from './shared/database/index.js';
import { EventsModule } from './shared/events/index.js';
import { HealthModule } from './shared/health/index.js';
import { type Metrics, MetricsModule } from './shared/metrics/index.js';
import { derived, given, type OptionsSource } from './shared/options/index.js';
import { TasksHttpModule, TasksModule } from './tasks/index.js';
import { type WebhookOptions, WebhooksModule } from './webhooks/index.js';
import {
  WorkspaceOptionsModule,
  type WorkspaceOptions,
  WorkspacesHttpModule,
  WorkspacesModule,
} from './workspaces/index.js';

/** What may come from a provider, such as the application's configuration. */
export interface MusterOptions {
  /** PostgreSQL 15 or later. The application's own tables live there as well, and share the transactions. */
  databaseUrl: string;
  /** The server itself, where `databaseUrl` is a PgBouncer: LISTEN and migrations need a session of their own. */
  directUrl?: string;
  replicaUrls?: readonly string[];
  /** Connections per server at most; 10 unless given. */
  poolSize?: number;
  /** Concurrent calls of one hot operation that share a statement at most; 256 unless given. */
  batchSize?: number;
  /** How long a call waits for a free connection before it is refused as overloaded, in ms; 5 000 unless given. */
  acquireTimeoutMs?: number;
  /** Time after which a statement is given up, in ms; 30 000 unless given, 0 for never. */
  statementTimeoutMs?: number;
  /** Cache and wake-ups; without it the cache is in memory and wake-ups travel by NOTIFY. */
  redisUrl?: string;
  /** Whether Muster's migrations are applied at the start, before those of the application; true unless given. */
  migrate?: boolean;
  /** Migrations of the application, applied at each start, by one process at a time. */
  migrations?: readonly Migration[];
  /** The table that remembers them, which must not be Muster's `migrations`; `application_migrations` unless given. */
  migrationsTable?: string;
  /** Days that events are kept; 0, the default, for ever. */
  eventRetentionDays?: number;
  /** Days after which a named subscriber that nobody opens is deleted; 30 unless given, 0 for never. */
  subscriberExpiryDays?: number;
  /** The identity provider whose access tokens are taken; with `http` only. */
  oidc?: OidcOptions;
  /** With `http` only. */
  rateLimit?: RateLimitOptions;
  /** Streams of events; with `http` only. */
  streams?: StreamOptions;
  /** With `websocket` only. */
  sockets?: SocketOptions;
  /** How endpoints elsewhere are told what happens. */
  webhooks?: WebhookOptions;
  /** Limits of workspaces. */
  workspaces?: WorkspaceOptions;
}

/** What decides which modules there are. */
export interface MusterDoors {
  /**
   * Whether the application serves Muster's routes. Then Muster's guard stands before all routes, its own ones
   * included, each of which must declare `@Public()` or `@RequireScope(…)`. False unless given.
   */
  http?: boolean;
  /**
   * Whether methods and feeds are served over WebSocket too, with `http` only. The application sets the adapter before it
   * is initialised: `app.useWebSocketAdapter(new MusterWsAdapter(app))`. False unless given.
   */
  websocket?: boolean;
  /** Where Muster's numbers are kept; a registry of their own unless given. */
  metrics?: Metrics;
}

export interface MusterAsyncOptions extends MusterDoors, OptionsSource<MusterOptions> {
  /** Modules whose providers `inject` names. */
  imports?: ModuleMetadata['imports'];
}

const MUSTER_OPTIONS = Symbol('muster options');

const SOURCE: OptionsSource<MusterOptions> = {
  inject: [MUSTER_OPTIONS],
  useFactory: (options: MusterOptions) => options,
};

@Module({})
class MusterOptionsModule {}

/** Everything Muster consists of, for an application that runs it in its own process. */
@Module({})
export class MusterModule {
  static forRoot({ http, websocket, metrics, ...options }: MusterOptions & MusterDoors): DynamicModule {
    return MusterModule.forRootAsync({ ...given(options), http, websocket, metrics });
  }

  /** As `forRoot`, with options that a function makes, perhaps of other providers. */
  static forRootAsync({ http = false, websocket, metrics, imports, ...source }: MusterAsyncOptions): DynamicModule {
    const options: DynamicModule = {
      module: MusterOptionsModule,
      global: true,
      imports: imports ?? [],
      providers: [{ provide: MUSTER_OPTIONS, ...source }],
      exports: [MUSTER_OPTIONS],
    };
    const aggregates = [WorkspacesModule, AgentsModule, TasksModule, DocumentsModule];
    const routes = [WorkspacesHttpModule, AgentsHttpModule, TasksHttpModule, DocumentsHttpModule];
    return {
      module: MusterModule,
      imports: [
        options,
        MetricsModule.forRoot({ http, ...(metrics && { metrics }) }),
        ...shared(http),
        WorkspaceOptionsModule.forRootAsync(derived(SOURCE, ({ workspaces = {} }) => workspaces)),
        ...aggregates,
        WebhooksModule.forRootAsync(
          derived(SOURCE, ({ webhooks = {} }) => webhooks),
          { http },
        ),
        ...(http
          ? [HealthModule, ...routes, RealtimeModule.forRootAsync(derived(SOURCE, ({ streams = {} }) => streams))]
          : []),
        ...(http && websocket ? [SocketsModule.forRootAsync(derived(SOURCE, ({ sockets = {} }) => sockets))] : []),
      ],
      providers: [CacheCoherence, ...(http ? [NodeProbes] : [])],
      exports: [...aggregates, WebhooksModule],
    };
  }
}

/** What the aggregates stand on, made of the options. */
function shared(http: boolean): DynamicModule[] {
  return [
    DatabaseModule.forRootAsync(derived(SOURCE, databaseOptions)),
    CacheModule.forRootAsync(derived(SOURCE, ({ redisUrl }) => ({ redisUrl }))),
    EventsModule.forRootAsync(
      derived(
        SOURCE,
        ({ databaseUrl, directUrl = databaseUrl, redisUrl, eventRetentionDays, subscriberExpiryDays }) => ({
          databaseUrl: directUrl,
          redisUrl,
          retentionDays: eventRetentionDays,
          subscriberExpiryDays,
        }),
      ),
    ),
    AuthModule.forRootAsync(
      derived(SOURCE, ({ oidc, rateLimit, redisUrl }) => ({ oidc, rateLimit, redisUrl })),
      { http },
    ),
  ];
}

function databaseOptions({ databaseUrl, ...options }: MusterOptions): DatabaseOptions {
  const { directUrl = databaseUrl, replicaUrls, poolSize, batchSize, acquireTimeoutMs, statementTimeoutMs } = options;
  return {
    url: databaseUrl,
    pooled: directUrl !== databaseUrl,
    replicaUrls,
    poolSize,
    batchSize,
    acquireTimeoutMs,
    statementTimeoutMs,
    beforeOpen: () => migrate({ databaseUrl, ...options }),
  };
}

async function migrate(options: MusterOptions): Promise<void> {
  const { databaseUrl, directUrl: url = databaseUrl, migrations = [] } = options;
  if (options.migrate ?? true) await new Migrator({ url, migrations: MIGRATIONS }).up();
  if (migrations.length === 0) return;
  const { migrationsTable = 'application_migrations' } = options;
  await new Migrator({ url, migrations, migrationsTable }).up();
}
