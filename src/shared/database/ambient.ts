import { AsyncLocalStorage } from 'node:async_hooks';
import type { Transaction } from './transaction.js';

/**
 * The transaction that the running code is in. One store for the process; a transaction knows its data source, so two
 * applications in one process do not meet.
 */
const store = new AsyncLocalStorage<Transaction | undefined>();

export const ambientTransaction = (): Transaction | undefined => store.getStore();

export const runInside = <T>(transaction: Transaction | undefined, fn: () => T): T => store.run(transaction, fn);
