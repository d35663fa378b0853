/**
 * What other programs may import: Muster for their own process, the server as a whole, workers, and each aggregate's
 * module, service, entities and errors.
 */
export * from './agents/index.js';
export * from './documents/index.js';
export { AppModule, type Servers } from './app.module.js';
export { type Config, CONFIG, InvalidConfiguration, loadConfig } from './config.js';
export { MusterWsAdapter } from './gateways/realtime/index.js';
export { type MusterAsyncOptions, type MusterDoors, MusterModule, type MusterOptions } from './muster.module.js';
export { Server } from './server.js';
export {
  ApiKeysService,
  type Caller,
  CurrentCaller,
  DEFAULT_TENANT,
  Public,
  RequireScope,
  type Scope,
  TenantsService,
} from './shared/auth/index.js';
export * from './shared/crdt/index.js';
export { EmbeddedPostgres } from './shared/database/embedded/index.js';
export {
  Database,
  DatabaseModule,
  type Migration,
  Migrator,
  Transaction,
  Transactional,
  type TransactionOptions,
  Transactions,
} from './shared/database/index.js';
export * from './shared/errors/index.js';
export {
  EventLog,
  LiveFeeds,
  type OpenedSubscriber,
  type OpenSubscriber,
  type Subscriber,
  Subscribers,
  type Subscription,
} from './shared/events/index.js';
export { QuotaExceeded, Quotas, QuotasModule } from './shared/quotas/index.js';
export { configureHttp, createFastifyAdapter } from './shared/http/index.js';
export { createLogger, NestLog } from './shared/logging/index.js';
export { Metrics } from './shared/metrics/index.js';
export * from './tasks/index.js';
export * from './webhooks/index.js';
export * from './workers/index.js';
export * from './workspaces/index.js';
