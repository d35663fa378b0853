import { randomUUID } from 'node:crypto';
import { type Transaction } from '../../src/shared/database/index.js';
import { DependencyUnavailable, InvalidTransaction } from '../../src/shared/errors/index.js';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';
import { TcpProxy } from '../support/tcp-proxy.js';

describe('a transaction by hand', () => {
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => (app = await openNotes({ url: await notesDatabase(), poolSize: 2 })));
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  const addTo = (transaction: Transaction, title: string) => app.notes.withTx(transaction).add(tenant, title);

  it('commits [S88]', async () => {
    const transaction = await app.transactions.begin();
    await addTo(transaction, 'a');
    expect(await app.committed(tenant)).toEqual([]);
    await transaction.commit();

    expect(await app.committed(tenant)).toEqual(['a']);
  });

  it('rolls back', async () => {
    const transaction = await app.transactions.begin();
    await addTo(transaction, 'a');
    await transaction.rollback();

    expect(await app.committed(tenant)).toEqual([]);
  });

  it('goes back to a savepoint, again and again', async () => {
    const transaction = await app.transactions.begin();
    await addTo(transaction, 'a');
    await transaction.savepoint('here');
    for (const title of ['b', 'c']) {
      await addTo(transaction, title);
      await transaction.rollbackToSavepoint('here');
    }
    await transaction.releaseSavepoint('here');
    await addTo(transaction, 'd');
    await transaction.commit();

    expect(await app.committed(tenant)).toEqual(['a', 'd']);
  });

  it('goes on after a failed statement, from a savepoint', async () => {
    const transaction = await app.transactions.begin();
    await addTo(transaction, 'a');
    await transaction.savepoint('before');
    await expect(addTo(transaction, 'a')).rejects.toMatchObject({ code: 'already_exists' });
    await transaction.rollbackToSavepoint('before');
    await transaction.commit();

    expect(await app.committed(tenant)).toEqual(['a']);
  });

  it('refuses savepoints it does not have, and names that are none', async () => {
    await using transaction = await app.transactions.begin();
    await transaction.savepoint('known');

    await expect(transaction.rollbackToSavepoint('unknown')).rejects.toThrow(InvalidTransaction);
    await expect(transaction.releaseSavepoint('unknown')).rejects.toThrow(InvalidTransaction);
    await expect(transaction.savepoint('x"; DROP TABLE notes; --')).rejects.toThrow(InvalidTransaction);
  });

  it('knows a savepoint no more after going back behind it', async () => {
    await using transaction = await app.transactions.begin();
    await transaction.savepoint('first');
    await transaction.savepoint('second');
    await transaction.rollbackToSavepoint('first');

    await expect(transaction.rollbackToSavepoint('second')).rejects.toThrow(InvalidTransaction);
  });

  it('lends itself to everything below a function', async () => {
    const transaction = await app.transactions.begin();
    await transaction.execute(async () => {
      expect(app.transactions.current()).toBe(transaction);
      await app.notes.add(tenant, 'a');
      await app.transactions.run({ propagation: 'mandatory' }, () => app.notes.add(tenant, 'b'));
    });
    expect(await app.committed(tenant)).toEqual([]);
    await transaction.commit();

    expect(await app.committed(tenant)).toEqual(['a', 'b']);
  });

  it('is harmless to roll back after its end, as often as one likes [S11]', async () => {
    const transaction = await app.transactions.begin();
    await addTo(transaction, 'a');
    await transaction.commit();
    await transaction.rollback();
    await transaction.rollback();

    expect(await app.committed(tenant)).toEqual(['a']);
    expect(transaction.startedAt).toBeInstanceOf(Date);
  });

  describe.each(['commit', 'rollback'] as const)('after %s', (end) => {
    const afterwards: Record<string, (transaction: Transaction) => unknown> = {
      commit: (transaction) => transaction.commit(),
      query: (transaction) => transaction.query('SELECT 1'),
      savepoint: (transaction) => transaction.savepoint('s'),
      rollbackToSavepoint: (transaction) => transaction.rollbackToSavepoint('s'),
      releaseSavepoint: (transaction) => transaction.releaseSavepoint('s'),
      execute: (transaction) => transaction.execute(() => Promise.resolve()),
      client: (transaction) => transaction.client(),
      afterCommit: (transaction) => transaction.afterCommit(() => undefined),
      enqueue: (transaction) => transaction.enqueue({ flush: () => Promise.resolve() }, 1),
      'a bound repository': (transaction) => app.notes.withTx(transaction).add(randomUUID(), 'late'),
    };

    it.each(Object.entries(afterwards))('%s is an error', async (_, call) => {
      const transaction = await app.transactions.begin();
      await transaction[end]();

      await expect((async () => call(transaction))()).rejects.toThrow(InvalidTransaction);
    });
  });

  it('rolls back what a block left uncommitted', async () => {
    const leave = async (): Promise<void> => {
      await using transaction = await app.transactions.begin();
      await addTo(transaction, 'a');
      throw new Error('left');
    };

    await expect(leave()).rejects.toThrow('left');
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('keeps what a block committed', async () => {
    {
      await using transaction = await app.transactions.begin();
      await addTo(transaction, 'a');
      await transaction.commit();
    }

    expect(await app.committed(tenant)).toEqual(['a']);
  });

  it('gives its connection back, however it ends', async () => {
    for (let round = 0; round < 20; round++) {
      const transaction = await app.transactions.begin();
      if (round % 3 === 0) await transaction.query('SELECT 1 / 0').catch(() => undefined);
      if (round % 2) await transaction.rollback();
      else await transaction.commit().catch(() => undefined);
    }

    expect(await app.notes.titles(tenant)).toEqual([]);
  });

  it('commits once when two callers commit at the same time', async () => {
    const transaction = await app.transactions.begin();
    await addTo(transaction, 'a');
    transaction.enqueue({ flush: async (within) => void (await within.query('SELECT pg_sleep(0.02)')) }, 1);
    const results = await Promise.allSettled([transaction.commit(), transaction.commit()]);

    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
    expect(await app.committed(tenant)).toEqual(['a']);
  });

  it('answers domain errors', async () => {
    await using transaction = await app.transactions.begin();

    await expect(transaction.query(`SELECT 'x'::uuid`)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  describe('bound repositories', () => {
    it('read and write through the transaction [S4] [S5]', async () => {
      await using transaction = await app.transactions.begin();
      const bound = app.notes.withTx(transaction);
      expect(bound).not.toBe(app.notes);
      await bound.add(tenant, 'a');

      expect(await bound.titles(tenant)).toEqual(['a']);
      expect(await app.notes.titles(tenant)).toEqual([]);
    });

    it('may be bound to two transactions at once', async () => {
      const [first, second] = [await app.transactions.begin(), await app.transactions.begin()];
      const [one, two] = [app.notes.withTx(first), app.notes.withTx(second)];
      await Promise.all([one.add(tenant, 'one'), two.add(tenant, 'two')]);
      await first.rollback();
      await second.commit();

      expect(await app.committed(tenant)).toEqual(['two']);
    });

    it('keep to their transaction inside another one', async () => {
      await using mine = await app.transactions.begin();
      await app.transactions.run({}, () => app.notes.withTx(mine).add(tenant, 'mine'));

      expect(await app.committed(tenant)).toEqual([]);
    });

    it('refuse what is no transaction of theirs [S7]', async () => {
      const forged = Object.assign(Object.create(null), { active: true }) as Transaction;
      expect(() => app.notes.withTx(forged)).toThrow(InvalidTransaction);
      expect(() => app.notes.withTx(undefined as unknown as Transaction)).toThrow(InvalidTransaction);

      const other = await openNotes({ url: app.url });
      try {
        await using foreign = await other.transactions.begin();
        expect(() => app.notes.withTx(foreign)).toThrow(InvalidTransaction);
      } finally {
        await other.close();
      }
    });
  });

  it('wraps a failure to begin [S10]', async () => {
    const proxy = await TcpProxy.start(app.url);
    const behind = await openNotes({ url: proxy.url });
    try {
      await proxy.stop();
      const failure = await behind.notes.beginTx().catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(DependencyUnavailable);
      expect((failure as Error).message).toContain('begin');
      expect((failure as Error).cause).toBeDefined();
    } finally {
      await behind.close();
    }
  });

  it('honours isolation and readOnly [S9]', async () => {
    await using transaction = await app.notes.beginTx({ isolation: 'SERIALIZABLE', readOnly: true });

    expect(await transaction.query('SHOW transaction_isolation')).toEqual([{ transaction_isolation: 'serializable' }]);
    await expect(addTo(transaction, 'a')).rejects.toThrow(InvalidTransaction);
  });
});
