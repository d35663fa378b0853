import { Inject } from '@nestjs/common';
import { InvalidTransaction } from '../errors/index.js';
import { type TransactionOptions, Transactions } from './transactions.js';

const TRANSACTIONS = Symbol('transactions');

/**
 * Runs a provider's method in a transaction; it commits when the method's promise resolves and rolls back when it
 * rejects. The whole method runs again after a serialisation failure or a deadlock (`retries`), so it must not keep
 * results of an earlier run in fields.
 */
export function Transactional(options: TransactionOptions = {}) {
  return <A extends unknown[], R>(
    target: object,
    name: string,
    descriptor: TypedPropertyDescriptor<(...args: A) => Promise<R>>,
  ): void => {
    const method = descriptor.value;
    if (!method) throw new TypeError(`@Transactional stands on ${name}, which is not a method.`);

    // Property injection spares every service a constructor parameter it would never name.
    if (!Object.hasOwn(target, TRANSACTIONS)) {
      Object.defineProperty(target, TRANSACTIONS, { value: undefined, writable: true });
      Inject(Transactions)(target, TRANSACTIONS);
    }

    descriptor.value = function (this: { [TRANSACTIONS]?: Transactions }, ...args: A): Promise<R> {
      const transactions = this[TRANSACTIONS];
      if (!transactions) {
        throw new InvalidTransaction(`${target.constructor.name} was not made by Nest, so ${name} has no database.`);
      }
      return transactions.run(options, () => method.apply(this, args));
    };
    Object.defineProperty(descriptor.value, 'name', { value: name });
  };
}
