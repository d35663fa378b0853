import type { DataSource, QueryRunner } from 'typeorm';
import type { ClientBase } from 'pg';
import { newId } from '../ids/index.js';
import { InvalidTransaction } from '../errors/index.js';
import type { CircuitBreaker } from '../resilience/index.js';
import { runInside } from './ambient.js';
import { discard, isIdle } from './connection.js';
import { isInfrastructureFailure, mapDatabaseError } from './error-mapper.js';
import { lend } from './lent-runner.js';

export type IsolationLevel = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

/** Collects items during a transaction and writes them last before its commit, on the same connection. */
export interface CommitSink<T> {
  flush(transaction: Transaction, items: T[]): Promise<void>;
}

export type Hook = () => unknown;

type Row = Record<string, unknown>;
/**
 * `committing`: what was collected is being written; statements still belong to the transaction.
 * `ending`: COMMIT or ROLLBACK is under way, and a statement sent now would run after it, outside the transaction.
 */
type State = 'active' | 'committing' | 'ending' | 'committed' | 'rolled back';
interface Savepoint {
  name: string;
  pending: number;
  hooks: number;
}

/**
 * One database transaction on one connection. Made by `Transactions`; ended by `commit` or `rollback`, after which only
 * `rollback` may be called again, without effect. `await using tx = await transactions.begin()` rolls back what was not
 * committed when the block is left.
 */
export class Transaction implements AsyncDisposable {
  readonly id = newId();
  readonly startedAt = new Date();
  private state: State = 'active';
  /** Set when a part could not be undone: committing would keep what its caller was told is gone. */
  private doom?: unknown;
  /** The latest failure of a statement: the reason why the server answers ROLLBACK to a COMMIT. */
  private failure?: unknown;
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly savepoints: Savepoint[] = [];
  private readonly pending: { sink: CommitSink<unknown>; item: unknown }[] = [];
  private readonly hooks: Hook[] = [];

  constructor(
    private readonly runner: QueryRunner,
    private readonly breaker: CircuitBreaker,
    readonly isolation: IsolationLevel,
    readonly readOnly: boolean,
    private readonly runHooks: (hooks: readonly Hook[]) => Promise<void>,
  ) {}

  get dataSource(): DataSource {
    return this.runner.dataSource;
  }

  get active(): boolean {
    return this.state === 'active';
  }

  /** The connection as a TypeORM runner. Throws InvalidTransaction after the end: a promise was not awaited. */
  get queryRunner(): QueryRunner {
    this.assertActive();
    return lend(this.runner, this);
  }

  /** Rows of one statement. Values are bound; never build them into the text. Errors are domain errors. */
  async query<T = Row>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    try {
      const result = await this.follow(() => this.runner.query(sql, [...values], true));
      return (result.records ?? []) as T[];
    } catch (error) {
      throw mapDatabaseError(error, 'query');
    }
  }

  /** The driver's own connection, for COPY. */
  async client(): Promise<ClientBase> {
    this.assertActive();
    return (await this.runner.connect()) as ClientBase;
  }

  /** Runs `fn` inside this transaction: repositories, entity managers and `dataSource.query` join it. It does not end it. */
  async execute<T>(fn: () => Promise<T>): Promise<T> {
    this.assertActive();
    return runInside(this, fn);
  }

  /** Sends a statement of this transaction. Until it has ended, a commit is refused and a rollback waits. */
  async follow<T>(send: () => Promise<T>): Promise<T> {
    this.assertActive();
    const statement = send();
    this.underWay.add(statement);
    try {
      return await statement;
    } catch (error) {
      this.failure = error;
      throw error;
    } finally {
      this.underWay.delete(statement);
    }
  }

  async savepoint(name: string): Promise<void> {
    await this.query(`SAVEPOINT ${quoted(name)}`);
    this.savepoints.push({ name, pending: this.pending.length, hooks: this.hooks.length });
  }

  /**
   * Undoes what happened since the savepoint, hooks and pending events included; the savepoint stays. When that fails,
   * the transaction can only be rolled back.
   */
  async rollbackToSavepoint(name: string): Promise<void> {
    const at = this.indexOfSavepoint(name);
    try {
      await this.query(`ROLLBACK TO SAVEPOINT ${quoted(name)}`);
    } catch (error) {
      this.doom = error;
      throw error;
    }
    const savepoint = this.savepoints[at] as Savepoint;
    this.savepoints.length = at + 1;
    this.pending.length = savepoint.pending;
    this.hooks.length = savepoint.hooks;
  }

  async releaseSavepoint(name: string): Promise<void> {
    const at = this.indexOfSavepoint(name);
    await this.query(`RELEASE SAVEPOINT ${quoted(name)}`);
    this.savepoints.length = at;
  }

  /** Hands `item` to `sink` last before the commit; all items of a sink arrive in one call, in order. */
  enqueue<T>(sink: CommitSink<T>, item: T): void {
    this.assertActive();
    this.pending.push({ sink: sink, item });
  }

  /** Runs after the commit, with the connection given back; a failing hook is logged and changes no answer. */
  afterCommit(hook: Hook): void {
    this.assertActive();
    this.hooks.push(hook);
  }

  /** When it throws, nothing was committed, except that a connection lost during the commit leaves the outcome unknown. */
  async commit(): Promise<void> {
    this.assertActive();
    if (this.state === 'committing') throw new InvalidTransaction('This transaction is being committed already.');
    this.state = 'committing';
    try {
      await runInside(this, () => this.flushPending());
      await this.runner.broadcaster.broadcast('BeforeTransactionCommit');
      this.assertActive();
      if (this.underWay.size > 0) {
        throw new InvalidTransaction('A statement was still running at the commit: a promise was not awaited.');
      }
      this.state = 'ending';
      await this.sendCommit();
      this.state = 'committed';
    } catch (error) {
      await this.undo(error);
      throw mapDatabaseError(error, 'commit');
    }
    await this.announce('AfterTransactionCommit');
    await this.runner.release();
    await runInside(undefined, () => this.runHooks(this.hooks));
  }

  async rollback(): Promise<void> {
    if (this.state === 'active') await this.undo();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rollback();
  }

  /** Collected until nothing comes after: a sink may hand something to another one. */
  private async flushPending(): Promise<void> {
    while (this.pending.length > 0) {
      const batch = this.pending.splice(0);
      for (const sink of new Set(batch.map((entry) => entry.sink))) {
        await sink.flush(
          this,
          batch.filter((entry) => entry.sink === sink).map((entry) => entry.item),
        );
      }
    }
  }

  /** By the driver, as TypeORM hides the command tag: the server answers ROLLBACK, not an error, when a statement failed. */
  private async sendCommit(): Promise<void> {
    if (isIdle(this.runner)) throw new InvalidTransaction('A statement of its own has ended this transaction.');
    const client = (await this.runner.connect()) as ClientBase;
    const { command } = await this.breaker.execute(() => client.query('COMMIT'));
    if (command === 'COMMIT') return;
    throw new InvalidTransaction(
      'A statement of this transaction failed and its error was swallowed, so the database has undone everything.',
      {},
      { cause: this.failure },
    );
  }

  /** Past the breaker on purpose: an open one must not hand an open transaction back to the pool. */
  private async undo(cause?: unknown): Promise<void> {
    this.state = 'ending';
    await Promise.allSettled(this.underWay);
    try {
      if (this.runner.isReleased) return;
      // It would not answer a ROLLBACK either, and waiting for that costs the client's whole limit once more.
      if (isInfrastructureFailure(cause)) return await discard(this.runner, cause);
      const client = (await this.runner.connect()) as ClientBase;
      await client.query('ROLLBACK');
      await this.announce('AfterTransactionRollback');
      await this.runner.release();
    } catch (error) {
      // The connection does not answer: closing it makes the server roll back.
      await discard(this.runner, error);
    } finally {
      this.state = 'rolled back';
    }
  }

  /** Tells TypeORM's subscribers. What they make of it changes no outcome any more. */
  private announce(event: 'AfterTransactionCommit' | 'AfterTransactionRollback'): Promise<void> {
    return runInside(undefined, () => this.runHooks([() => this.runner.broadcaster.broadcast(event)]));
  }

  private indexOfSavepoint(name: string): number {
    this.assertActive();
    const at = this.savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (at < 0) throw new InvalidTransaction(`This transaction has no savepoint ${name}.`);
    return at;
  }

  private assertActive(): void {
    if (this.state !== 'active' && this.state !== 'committing') {
      throw new InvalidTransaction(
        `This transaction has ended (${this.state}); a call came after its end, perhaps from a promise nobody awaited.`,
      );
    }
    if (this.doom) {
      throw new InvalidTransaction('A part of this transaction could not be undone.', {}, { cause: this.doom });
    }
  }
}

/** A savepoint's name is an identifier and cannot be bound. */
function quoted(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(name)) throw new InvalidTransaction(`${name} is not a savepoint name.`);
  return `"${name}"`;
}
