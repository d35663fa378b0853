import { type DynamicModule, Module } from '@nestjs/common';
import { CONFIG, type Config } from './config.js';
import { MusterModule } from './muster.module.js';

/** The databases a node talks to: those of the configuration, or its own. */
export interface Servers {
  databaseUrl: string;
  /** The server itself, where `databaseUrl` is a pooler. */
  directUrl: string;
}

/** One node: Muster with its routes, as the configuration says. */
@Module({})
export class AppModule {
  static forRoot(config: Config, { databaseUrl, directUrl }: Servers): DynamicModule {
    const { replicaUrls, poolSize, batchSize, acquireTimeoutMs, statementTimeoutMs } = config.database;
    return {
      module: AppModule,
      imports: [
        MusterModule.forRoot({
          http: true,
          websocket: true,
          databaseUrl,
          directUrl,
          replicaUrls,
          poolSize,
          batchSize,
          acquireTimeoutMs,
          statementTimeoutMs,
          redisUrl: config.redis.url,
          // Done by the server, before it makes the application.
          migrate: false,
          eventRetentionDays: config.events.retentionDays,
          subscriberExpiryDays: config.events.subscriberExpiryDays,
          oidc: config.oidc,
          rateLimit: config.rateLimit,
          streams: config.streams,
          sockets: {
            ...config.sockets,
            compression: config.sockets.compression === 'on',
            origins: config.http.corsOrigins,
            bufferEvents: config.streams.bufferEvents,
            bufferBytes: config.streams.bufferBytes,
          },
          webhooks: config.webhooks,
          workspaces: config.workspaces,
        }),
      ],
      providers: [{ provide: CONFIG, useValue: config }],
      exports: [CONFIG],
    };
  }
}
