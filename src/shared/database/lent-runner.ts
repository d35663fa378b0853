import type { EntityManager, QueryRunner } from 'typeorm';
import { InvalidTransaction } from '../errors/index.js';
import type { Transaction } from './transaction.js';

/**
 * A transaction's runner as TypeORM gets it: `release` keeps the connection, every statement is refused after the
 * transaction's end, and nested transactions become savepoints of ours, so that a part that is rolled back takes its
 * events and hooks with it.
 */
export function lend(runner: QueryRunner, transaction: Transaction): QueryRunner {
  const savepoints: string[] = [];
  let manager: EntityManager | undefined;

  const take = (): string => {
    const name = savepoints.pop();
    if (!name) throw new InvalidTransaction('Only the transaction itself may end it.');
    return name;
  };
  const commitTransaction = async (): Promise<void> => transaction.releaseSavepoint(take());
  const own = {
    isTransactionActive: true,
    get manager(): EntityManager {
      return (manager ??= transaction.dataSource.createEntityManager(lent));
    },
    connect: () => transaction.client(),
    query: (...args: Parameters<QueryRunner['query']>) => transaction.follow(() => runner.query(...args)),
    startTransaction: async () => {
      const name = `typeorm_nested_${savepoints.length + 1}`;
      await transaction.savepoint(name);
      savepoints.push(name);
    },
    commitTransaction,
    rollbackTransaction: async () => {
      const name = take();
      await transaction.rollbackToSavepoint(name);
      await transaction.releaseSavepoint(name);
    },
    release: () => Promise.resolve(),
    // TypeORM's `await using` commits what is open.
    [Symbol.asyncDispose]: async () => {
      while (savepoints.length > 0) await commitTransaction();
    },
  };
  const lent: QueryRunner = new Proxy(runner, {
    get: (target, property, receiver): unknown =>
      Reflect.get(Object.hasOwn(own, property) ? own : target, property, receiver),
  });
  return lent;
}
