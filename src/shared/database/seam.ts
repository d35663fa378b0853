import type { DataSource, QueryRunner, ReplicationMode } from 'typeorm';
import type { CircuitBreaker } from '../resilience/index.js';
import { ambientTransaction } from './ambient.js';
import { cancel, discard, isIdle } from './connection.js';
import { isReadTimeout } from './error-mapper.js';

/**
 * TypeORM takes every connection through `dataSource.createQueryRunner`, so this is the one place where the ambient
 * transaction is joined and where the breaker stands. Repositories, entity managers, query builders and
 * `dataSource.query` need to know nothing of either.
 */
export function installSeam(dataSource: DataSource, breaker: CircuitBreaker): void {
  const open = dataSource.createQueryRunner.bind(dataSource);
  dataSource.createQueryRunner = (mode?: ReplicationMode): QueryRunner => {
    const transaction = ambientTransaction();
    if (transaction?.dataSource === dataSource) return transaction.queryRunner;
    return guarded(open(mode), breaker);
  };
}

function guarded(runner: QueryRunner, breaker: CircuitBreaker): QueryRunner {
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  const release = runner.release.bind(runner);

  const send = async (args: unknown[]): Promise<unknown> => {
    try {
      return await query(...args);
    } catch (error) {
      // The client gave up, the server did not: it would go on and commit what the caller is told has failed, and the
      // next user of this connection would wait for the old statement.
      if (isReadTimeout(error)) {
        await cancel(runner);
        await discard(runner, error);
      }
      throw error;
    }
  };
  runner.query = ((...args: unknown[]) => breaker.execute(() => send(args))) as QueryRunner['query'];

  // TypeORM swallows a failed ROLLBACK; an open breaker refuses it, for one. Such a connection must not be lent again.
  runner.release = () =>
    isIdle(runner) ? release() : discard(runner, new Error('A connection came back with its transaction still open.'));
  return runner;
}
