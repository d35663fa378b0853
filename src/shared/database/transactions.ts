import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { type DomainError, InvalidTransaction, OptimisticLock } from '../errors/index.js';
import { CircuitBreaker } from '../resilience/index.js';
import { ambientTransaction, runInside } from './ambient.js';
import { discard, whenReleased } from './connection.js';
import { isSerializationFailure, mapDatabaseError } from './error-mapper.js';
import { Permits } from './permits.js';
import { type Hook, type IsolationLevel, Transaction } from './transaction.js';

/**
 * What happens when the method is called inside a transaction, and what outside: `required` joins or begins,
 * `requires_new` always begins (on a second connection), `nested` is a savepoint or begins, `mandatory` joins or
 * refuses, `never` refuses inside one, `supports` joins if there is one, `not_supported` runs outside it.
 */
export type Propagation = 'required' | 'requires_new' | 'nested' | 'mandatory' | 'never' | 'supports' | 'not_supported';

export interface BeginOptions {
  /** READ COMMITTED unless asked otherwise. Events of a higher level reach the log right after the commit. */
  isolation?: IsolationLevel;
  /** Refuses writes, and reads from a replica where there is one. */
  readOnly?: boolean;
  /** With `readOnly`: read from the primary, so that the caller sees what it wrote just before. */
  readYourWrites?: boolean;
  /**
   * Limit of each statement and of each pause between two, in ms; where it is given and the server can (17 and later)
   * of the whole as well. The limit of single statements unless given.
   */
  timeoutMs?: number;
}

export interface TransactionOptions extends BeginOptions {
  propagation?: Propagation;
  /**
   * How often the whole method is run again after a serialisation failure or a deadlock; 3 unless given. Where it joins
   * a running transaction, that one's method is what is run again.
   */
  retries?: number;
}

/** What holds for transactions that do not say otherwise. */
export abstract class TransactionDefaults {
  /** In ms; 0 for no limit. */
  abstract readonly timeoutMs: number;
}

const DEFAULT_RETRIES = 3;

/** Opens and joins transactions. The running one is ambient: no method carries it as a parameter. */
@Injectable()
export class Transactions {
  private readonly logger = new Logger('transactions');

  private nested = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly breaker: CircuitBreaker,
    private readonly defaults: TransactionDefaults,
    private readonly permits: Permits,
  ) {}

  /** The transaction the running code is in, if any. */
  current(): Transaction | undefined {
    const transaction = ambientTransaction();
    return transaction?.dataSource === this.dataSource ? transaction : undefined;
  }

  /** Opens a transaction that the caller ends. `run` is simpler where one function is the whole of it. */
  async begin(options: BeginOptions = {}): Promise<Transaction> {
    // Without a permit: who opens two by hand, one beside the other, would wait for itself.
    this.breaker.check();
    return this.open(options);
  }

  async run<T>(options: TransactionOptions, fn: () => Promise<T>): Promise<T> {
    const current = this.current();
    switch (options.propagation ?? 'required') {
      case 'required':
        return current ? this.join(current, options, fn) : this.own(options, fn);
      case 'requires_new':
        return this.own(options, fn);
      case 'nested':
        return current ? this.nest(current, options, fn) : this.own(options, fn);
      case 'mandatory':
        if (!current) throw new InvalidTransaction('This method must be called inside a transaction.');
        return this.join(current, options, fn);
      case 'never':
        if (current) throw new InvalidTransaction('This method must not be called inside a transaction.');
        return fn();
      case 'supports':
        return current ? this.join(current, options, fn) : fn();
      case 'not_supported':
        return runInside(undefined, fn);
    }
  }

  /** Runs `hook` after the commit of the running transaction, or at once where there is none. */
  async afterCommit(hook: Hook): Promise<void> {
    const current = this.current();
    if (current) current.afterCommit(hook);
    else await this.runHooks([hook]);
  }

  /** Runs `statement`, which stands in no transaction, when a connection may be used for it. @throws Overloaded */
  async permitted<T>(operation: string, statement: () => Promise<T>): Promise<T> {
    const giveBack = await this.permits.take(operation);
    try {
      return await statement();
    } finally {
      giveBack();
    }
  }

  /** `released` is called when the connection is given back. */
  private async open(options: BeginOptions, released?: () => void): Promise<Transaction> {
    const isolation = options.isolation ?? 'READ COMMITTED';
    const readOnly = options.readOnly ?? false;
    const mode = readOnly && !options.readYourWrites ? 'slave' : 'master';
    const runner = runInside(undefined, () => this.dataSource.createQueryRunner(mode));
    if (released) whenReleased(runner, released);
    try {
      await runner.query(this.opening(isolation, readOnly, options.timeoutMs));
    } catch (error) {
      await discard(runner, error);
      throw mapDatabaseError(error, 'begin');
    }
    return new Transaction(runner, this.breaker, isolation, readOnly, (hooks) => this.runHooks(hooks));
  }

  private async own<T>(options: TransactionOptions, fn: () => Promise<T>): Promise<T> {
    const retries = options.retries ?? DEFAULT_RETRIES;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.once(options, fn);
      } catch (error) {
        if (!isSerializationFailure(error)) throw error;
        if (attempt >= retries) throw exhausted(options.isolation, error);
        // Full jitter: with a fixed pause the same opponents meet again.
        await delay(Math.random() * 10 * 2 ** Math.min(attempt, 6));
      }
    }
  }

  private async once<T>(options: TransactionOptions, fn: () => Promise<T>): Promise<T> {
    this.breaker.check();
    const permit = this.current() ? undefined : await this.permits.take('begin');
    await using transaction = await this.open(options, permit);
    const result = await runInside(transaction, fn);
    await transaction.commit();
    return result;
  }

  private async join<T>(current: Transaction, options: TransactionOptions, fn: () => Promise<T>): Promise<T> {
    if (options.isolation && options.isolation !== current.isolation) {
      throw new InvalidTransaction(`The running transaction is ${current.isolation}, not ${options.isolation}.`);
    }
    if (current.readOnly && options.readOnly === false) {
      throw new InvalidTransaction('The running transaction is read-only.');
    }
    return current.execute(fn);
  }

  private async nest<T>(current: Transaction, options: TransactionOptions, fn: () => Promise<T>): Promise<T> {
    const name = `nested_${++this.nested}`;
    await current.savepoint(name);
    let result: T;
    try {
      result = await this.join(current, options, fn);
    } catch (error) {
      await this.undo(current, name);
      throw error;
    }
    await current.releaseSavepoint(name);
    return result;
  }

  /** The method's own error is the one to report; a transaction that cannot go back refuses everything but a rollback. */
  private async undo(current: Transaction, savepoint: string): Promise<void> {
    try {
      await current.rollbackToSavepoint(savepoint);
      await current.releaseSavepoint(savepoint);
    } catch (error) {
      this.logger.warn({ msg: 'a part of a transaction could not be undone', err: error });
    }
  }

  /** One message to the server, so that nothing can fail between the start and its settings. */
  private opening(isolation: IsolationLevel, readOnly: boolean, timeoutMs?: number): string {
    const statements = [`START TRANSACTION ISOLATION LEVEL ${isolation} ${readOnly ? 'READ ONLY' : 'READ WRITE'}`];
    const limitMs = timeoutMs ?? this.defaults.timeoutMs;
    if (timeoutMs !== undefined || limitMs > 0) {
      const limit = Math.max(1, Math.round(limitMs));
      statements.push(`SET LOCAL statement_timeout = ${limit}`);
      statements.push(`SET LOCAL idle_in_transaction_session_timeout = ${limit}`);
      if (timeoutMs !== undefined && this.serverVersion() >= 17)
        statements.push(`SET LOCAL transaction_timeout = ${limit}`);
    }
    return statements.join('; ');
  }

  private serverVersion(): number {
    return Number.parseInt(this.dataSource.driver.version ?? '0', 10);
  }

  private async runHooks(hooks: readonly Hook[]): Promise<void> {
    for (const hook of hooks) {
      try {
        await hook();
      } catch (error) {
        this.logger.error({ msg: 'an after-commit hook failed', err: error });
      }
    }
  }
}

/** At the higher levels what was read is out of date (412); a deadlock at READ COMMITTED only has to be repeated (409). */
function exhausted(isolation: IsolationLevel = 'READ COMMITTED', cause: unknown): DomainError {
  if (isolation === 'READ COMMITTED') return mapDatabaseError(cause, 'The transaction');
  return new OptimisticLock('data', 'of this transaction', null, null, { cause });
}
