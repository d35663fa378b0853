import { Injectable } from '@nestjs/common';
import { InvalidTransaction } from '../errors/index.js';
import { Metrics } from '../metrics/index.js';
import { Batcher, type BatcherOptions } from './batcher.js';
import { Database, type HotStatement } from './database.js';
import { BreakerInterceptor } from './operations.js';
import { Transaction } from './transaction.js';
import { type BeginOptions, Transactions } from './transactions.js';

/** How calls of hot operations are merged, wherever an operation does not say otherwise. */
export abstract class Batching {
  abstract readonly maxSize: number;
  /** Set where calls are not merged at all, so that each can have a connection. */
  abstract readonly lanes?: number | undefined;
}

/** What every repository is made of. */
@Injectable()
export class Persistence {
  constructor(
    readonly database: Database,
    readonly transactions: Transactions,
    readonly interceptor: BreakerInterceptor,
    readonly batching: Batching,
    readonly metrics: Metrics,
  ) {}
}

type Row = Record<string, unknown>;

export type BatchedOperation<I, O> = Pick<BatcherOptions<I, O>, 'operation' | 'flush' | 'queueOf' | 'lanes' | 'weigh'>;

/** Base of the aggregates' repositories: a write handle, a read handle, and the binding to a transaction by hand. */
export abstract class AggregateRepository {
  private bound?: Transaction;

  constructor(protected readonly persistence: Persistence) {}

  /** The same repository with every operation inside `transaction`. It neither trusts nor fills the shared cache. */
  withTx(transaction: Transaction): this {
    if (!(transaction instanceof Transaction) || transaction.dataSource !== this.persistence.database.dataSource) {
      throw new InvalidTransaction('withTx needs a transaction begun on the same database by Muster.');
    }
    const bound = Object.create(this) as this;
    bound.bound = transaction;
    return bound;
  }

  /** A transaction on the write handle, to be ended by the caller. */
  beginTx(options?: BeginOptions): Promise<Transaction> {
    return this.persistence.transactions.begin(options);
  }

  /** Runs one operation inside the bound transaction, if any, and inside the interceptor. Called by `@Operation()`. */
  operate<T>(operation: string, fn: () => Promise<T>): Promise<T> {
    const { interceptor } = this.persistence;
    const run = (): Promise<T> => interceptor.around(operation, fn);
    return this.bound ? this.bound.execute(run) : run();
  }

  /** Rows of a statement on the primary, or on the transaction's connection. */
  protected query<T = Row>(sql: string, values?: readonly unknown[]): Promise<T[]> {
    return this.persistence.database.query<T>(sql, values);
  }

  /** Rows of a hot statement, as arrays, on the primary or on the transaction's connection. */
  protected hot(statement: HotStatement, values: readonly unknown[]): Promise<unknown[][]> {
    return this.persistence.database.hot(statement, values);
  }

  /** Rows of a statement that a replica may answer. */
  protected read<T = Row>(sql: string, values?: readonly unknown[]): Promise<T[]> {
    return this.persistence.database.read<T>(sql, values);
  }

  /**
   * A hot operation: concurrent calls share a statement, and inside a transaction a call runs at once on its
   * connection. Each is answered with its own outcome.
   */
  protected batched<I, O>(options: BatchedOperation<I, O>): (tenantId: string, item: I) => Promise<O> {
    const { batching, metrics } = this.persistence;
    const { operation, flush } = options;
    const onFlush = (size: number): void => metrics.batchSize.observe({ operation }, size);
    const onTake = (waitedMs: number): void => metrics.batchWait.observe({ operation }, waitedMs / 1_000);
    const { maxSize, lanes = options.lanes } = batching;
    const batcher = new Batcher<I, O>({
      ...options,
      flush: (tenantId, items) => this.persistence.transactions.permitted(operation, () => flush(tenantId, items)),
      maxSize,
      onFlush,
      onTake,
      ...(lanes !== undefined && { lanes }),
    });
    return async (tenantId, item) => {
      if (!this.inTransaction) return batcher.add(tenantId, item);
      const [outcome] = await flush(tenantId, [item]);
      if (!outcome) throw new Error(`${operation} gave no answer`);
      if ('error' in outcome) throw outcome.error;
      return outcome.value;
    };
  }

  protected get inTransaction(): boolean {
    return this.persistence.database.inTransaction;
  }
}
