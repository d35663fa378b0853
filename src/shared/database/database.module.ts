import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions, QueryFailedError } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import type { Pool } from 'pg';
import { DomainError } from '../errors/index.js';
import { Metrics, type PoolNumbers } from '../metrics/index.js';
import { derived, given, type OptionsSource } from '../options/index.js';
import { CircuitBreaker } from '../resilience/index.js';
import { Database, Pooler } from './database.js';
import {
  assertReadCommitted,
  type DatabaseOptions,
  dataSourceOptions,
  DEFAULT_ACQUIRE_TIMEOUT_MS,
  DEFAULT_POOL_SIZE,
  DEFAULT_STATEMENT_TIMEOUT_MS,
} from './data-source.js';
import { isInfrastructureFailure, isPoolExhausted } from './error-mapper.js';
import { BreakerInterceptor } from './operations.js';
import { Permits } from './permits.js';
import { Batching, Persistence } from './repository.js';
import { installSeam } from './seam.js';
import { TransactionDefaults, Transactions } from './transactions.js';

const DATABASE_OPTIONS = Symbol('database options');

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
    return DatabaseModule.forRootAsync(given(options));
  }

  static forRootAsync(source: OptionsSource<DatabaseOptions>): DynamicModule {
    const breaker = new CircuitBreaker('database', { counts: isInfrastructureFailure, ignores: isPoolExhausted });
    return {
      module: DatabaseModule,
      global: true,
      imports: [openedBy(source, breaker)],
      providers: [
        { provide: DATABASE_OPTIONS, ...source },
        { provide: CircuitBreaker, useValue: breaker },
        {
          provide: Pooler,
          inject: [DATABASE_OPTIONS],
          useFactory: ({ pooled = false }: DatabaseOptions) => ({ present: pooled }),
        },
        Database,
        Transactions,
        BreakerInterceptor,
        { provide: Batching, inject: [DATABASE_OPTIONS], useFactory: batchingOf },
        { provide: Permits, inject: [DATABASE_OPTIONS], useFactory: permitsOf },
        { provide: TransactionDefaults, inject: [DATABASE_OPTIONS], useFactory: defaultsOf },
        Persistence,
      ],
      exports: [TypeOrmModule, CircuitBreaker, Database, Transactions, Persistence],
    };
  }
}

/** The data source, with the seam that joins it to the running transaction. */
function openedBy(source: OptionsSource<DatabaseOptions>, breaker: CircuitBreaker): DynamicModule {
  let beforeOpen: DatabaseOptions['beforeOpen'];
  const typeOrm = derived(source, (options) => {
    beforeOpen = options.beforeOpen;
    return { ...dataSourceOptions(options), autoLoadEntities: true, retryAttempts: 20, retryDelay: 500, toRetry };
  });
  return TypeOrmModule.forRootAsync({
    ...typeOrm,
    dataSourceFactory: async (given) => {
      await beforeOpen?.();
      const dataSource = await suitable(new DataSource(given as DataSourceOptions));
      installSeam(dataSource, breaker);
      return closedLast(dataSource);
    },
  });
}

/** A server that is not there yet is waited for; one that answers with a refusal would only repeat it. */
const toRetry = (error: unknown): boolean =>
  !(error instanceof DomainError || error instanceof QueryFailedError || error instanceof TypeError);

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

const defaultsOf = ({
  statementTimeoutMs = DEFAULT_STATEMENT_TIMEOUT_MS,
}: DatabaseOptions): Pick<TransactionDefaults, 'timeoutMs'> => ({ timeoutMs: statementTimeoutMs });

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
