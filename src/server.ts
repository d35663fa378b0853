import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { join } from 'node:path';
import { MIGRATIONS } from '../migrations/index.js';
import { AppModule, type Servers } from './app.module.js';
import type { Config } from './config.js';
import { ensureFirstTenant, type FirstKey, type FirstStart } from './first-start.js';
import { MusterWsAdapter } from './gateways/realtime/index.js';
import { EmbeddedPostgres } from './shared/database/embedded/index.js';
import { Migrator } from './shared/database/index.js';
import { Draining } from './shared/health/index.js';
import { configureHttp, createFastifyAdapter } from './shared/http/index.js';
import { createLogger, type Logger, NestLog } from './shared/logging/index.js';
import { measureHttp, Metrics, startTracing } from './shared/metrics/index.js';
import { version } from '../package.json';

/** One running node of Muster: what `npm start` runs, and what tests start two of. */
export class Server {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly first: FirstStart,
    readonly databaseUrl: string,
    private readonly stopRest: () => Promise<void>,
  ) {}

  /**
   * Starts the embedded database where none is configured, migrates, makes the first tenant and listens. What had
   * started is stopped again when it fails.
   *
   * @param propose the admin key for a database that has none; a new one, which only `first` tells, when left out
   */
  static async start(
    config: Config,
    logger: Logger = createLogger({ level: config.logLevel }),
    propose?: FirstKey['propose'],
  ): Promise<Server> {
    const nestLog = new NestLog(logger);
    const tracing = await startTracing({ endpoint: config.telemetry.otlpEndpoint, serviceName: 'muster' });
    const database = await openDatabase(config, logger);
    const stopRest = async (): Promise<void> => {
      await database.stop();
      await tracing.shutdown();
    };
    let app: NestFastifyApplication | undefined;
    try {
      const applied = await new Migrator({ url: database.servers.directUrl, migrations: MIGRATIONS }).up();
      if (applied.length > 0) logger.info({ msg: 'migrated', migrations: applied });

      app = await NestFactory.create<NestFastifyApplication>(
        AppModule.forRoot(config, database.servers),
        createFastifyAdapter({
          bodyLimit: config.http.bodyLimitBytes,
          batchBodyLimit: config.http.batchBodyLimitBytes,
          trustProxy: config.http.trustProxy,
        }),
        { logger: nestLog, abortOnError: false },
      );
      app.useWebSocketAdapter(new MusterWsAdapter(app));
      const draining = app.get(Draining);
      configureHttp(app, {
        logger,
        api: { title: 'Muster', version },
        corsOrigins: config.http.corsOrigins,
        isDraining: () => draining.active,
      });
      app
        .getHttpAdapter()
        .getInstance()
        .addHook('onResponse', measureHttp(app.get(Metrics)));
      await app.init();
      const first = await ensureFirstTenant(app, { preset: config.adminKey, propose });
      await app.listen(config.http.port, config.http.host);
      return new Server(app, await app.getUrl(), first, database.servers.databaseUrl, stopRest);
    } catch (error) {
      // An open pool, bus or listener would keep the process alive for ever.
      await app?.close().catch((err: unknown) => logger.error({ msg: 'closing failed', err }));
      await stopRest();
      throw error;
    }
  }

  /** Refuses new requests, finishes what runs, gives up what this node leads, and closes everything in order. */
  async stop(): Promise<void> {
    this.app.get(Draining).begin();
    await this.app.close();
    await this.stopRest();
  }
}

export interface OpenDatabase {
  servers: Servers;
  stop(): Promise<void>;
}

/** The database of the configuration, or the embedded one, which is started or joined. */
export async function openDatabase(config: Config, logger: Logger): Promise<OpenDatabase> {
  const { url, directUrl } = config.database;
  if (url) return { servers: { databaseUrl: url, directUrl: directUrl ?? url }, stop: () => Promise.resolve() };
  const embedded = await EmbeddedPostgres.start({
    directory: join(config.home, 'postgres'),
    log: (msg, details) => logger.info({ msg, ...details }),
  });
  return { servers: { databaseUrl: embedded.url, directUrl: embedded.url }, stop: () => embedded.stop() };
}
