/** What other programs may import: the server as a whole, and each aggregate's module, service, entities and errors. */
export * from './agents/index.js';
export { AppModule, type Servers } from './app.module.js';
export { type Config, CONFIG, InvalidConfiguration, loadConfig } from './config.js';
export { Server } from './server.js';
export type { Caller, Scope } from './shared/auth/index.js';
export {
  Database,
  DatabaseModule,
  Migrator,
  Transaction,
  Transactional,
  type TransactionOptions,
  Transactions,
} from './shared/database/index.js';
export * from './shared/errors/index.js';
export * from './tasks/index.js';
export * from './workspaces/index.js';
