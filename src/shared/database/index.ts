export { ambientTransaction } from './ambient.js';
export * from './batcher.js';
export * from './data-source.js';
export * from './database.js';
export * from './database.module.js';
export {
  isInfrastructureFailure,
  isSerializationFailure,
  mapDatabaseError,
  raised,
  takenValue,
} from './error-mapper.js';
export * from './migrator.js';
export { BreakerInterceptor, Operation } from './operations.js';
export * from './overloaded.js';
export * from './patch.js';
export * from './query-builder.js';
export type { EntityMetadata } from 'typeorm';
export * from './repository.js';
export * from './row-mapper.js';
export * from './transaction.js';
export * from './transactional.js';
export * from './transactions.js';
