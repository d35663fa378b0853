import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import type { Pool } from 'pg';
import { Metrics, type PoolNumbers } from '../metrics/index.js';
import { CircuitBreaker } from '../resilience/index.js';
import { Database } from './database.js';
import {
  assertReadCommitted,
  type DatabaseOptions,
  dataSourceOptions,
  DEFAULT_ACQUIRE_TIMEOUT_MS,
  DEFAULT_POOL_SIZE,
  DEFAULT_STATEMENT_TIMEOUT_MS,
  UnsuitableIsolation,
} from './data-source.js';
import { isInfrastructureFailure, isPoolExhausted } from './error-mapper.js';
import { BreakerInterceptor } from './operations.js';
import { Permits } from './permits.js';
import { Batching, Persistence } from './repository.js';
import { installSeam } from './seam.js';
import { TransactionDefaults, Transactions } from './transactions.js';

/** The data source with its breaker, transactions and handles. Global: every aggregate's repository needs them. */
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly dataSource: DataSource,
    breaker: CircuitBreaker,
    metrics: Metrics,
  ) {
    const { master, slaves } = dataSource.driver as PostgresDriver as { master: Pool; slaves: Pool[] };
    metrics.watchBreaker(breaker);
    metrics.watchPool('primary', () => numbers([master]));
    if (slaves.length > 0) metrics.watchPool('replica', () => numbers(slaves));
  }

  async onApplicationShutdown(): Promise<void> {
    await closers.get(this.dataSource)?.();
  }

  static forRoot(options: DatabaseOptions): DynamicModule {
    const breaker = new CircuitBreaker('database', { counts: isInfrastructureFailure, ignores: isPoolExhausted });
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            ...dataSourceOptions(options),
            autoLoadEntities: true,
            retryAttempts: 20,
            retryDelay: 500,
            toRetry: (error) => !(error instanceof UnsuitableIsolation),
          }),
          dataSourceFactory: async (given) => {
            const dataSource = await suitable(new DataSource(given as DataSourceOptions));
            installSeam(dataSource, breaker);
            return closedLast(dataSource);
          },
        }),
      ],
      providers: [
        { provide: CircuitBreaker, useValue: breaker },
        Database,
        Transactions,
        BreakerInterceptor,
        { provide: Batching, useValue: batchingOf(options) },
        { provide: Permits, useValue: permitsOf(options) },
        {
          provide: TransactionDefaults,
          useValue: { timeoutMs: options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS },
        },
        Persistence,
      ],
      exports: [TypeOrmModule, CircuitBreaker, Database, Transactions, Persistence],
    };
  }
}

const closers = new WeakMap<DataSource, () => Promise<void>>();

/**
 * TypeOrmModule is the first of the global modules to be shut down, and would close the connections before those that
 * write their last then (the audit trail, the uses of keys). DatabaseModule comes after them and closes in its place.
 */
function closedLast(dataSource: DataSource): DataSource {
  closers.set(dataSource, dataSource.destroy.bind(dataSource));
  return Object.assign(dataSource, { destroy: () => Promise.resolve() });
}

async function suitable(dataSource: DataSource): Promise<DataSource> {
  await dataSource.initialize();
  try {
    await assertReadCommitted(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

/** Connections left to single statements and to transactions begun inside others. */
const UNPERMITTED = 2;

function permitsOf({ poolSize = DEFAULT_POOL_SIZE, acquireTimeoutMs }: DatabaseOptions): Permits {
  return new Permits(Math.max(1, poolSize - UNPERMITTED), acquireTimeoutMs ?? DEFAULT_ACQUIRE_TIMEOUT_MS);
}

const DEFAULT_BATCH_SIZE = 256;

function batchingOf({ batchSize = DEFAULT_BATCH_SIZE, poolSize = DEFAULT_POOL_SIZE }: DatabaseOptions): Batching {
  return { maxSize: batchSize, lanes: batchSize === 1 ? poolSize : undefined };
}

const numbers = (pools: readonly Pool[]): PoolNumbers => ({
  total: sum(pools, (pool) => pool.totalCount),
  idle: sum(pools, (pool) => pool.idleCount),
  waiting: sum(pools, (pool) => pool.waitingCount),
});

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((all, item) => all + of(item), 0);
