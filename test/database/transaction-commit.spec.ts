import { randomUUID } from 'node:crypto';
import type { CommitSink, Transaction } from '../../src/shared/database/index.js';
import { AlreadyExists, InvalidInput, InvalidTransaction } from '../../src/shared/errors/index.js';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';

/** Writes one note for each item, as the event log writes events. */
class TitleSink implements CommitSink<string> {
  readonly calls: string[][] = [];

  constructor(private readonly tenant: string) {}

  async flush(transaction: Transaction, titles: string[]): Promise<void> {
    this.calls.push(titles);
    const sql = `INSERT INTO notes (tenant_id, id, title) SELECT $1, gen_random_uuid(), title FROM unnest($2::text[]) AS title`;
    await transaction.query(sql, [this.tenant, titles]);
  }
}

describe('the commit of a transaction', () => {
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => (app = await openNotes({ url: await notesDatabase(), poolSize: 1 })));
  beforeEach(() => (tenant = randomUUID()));
  afterAll(() => app.close());

  it('rejects and rolls back when a deferred constraint refuses', async () => {
    const committing = app.transactions.run({}, async () => {
      await app.notes.run('SET CONSTRAINTS notes_parent DEFERRED');
      const id = await app.notes.add(tenant, 'orphan');
      await app.notes.run('UPDATE notes SET parent_id = gen_random_uuid() WHERE tenant_id = $1 AND id = $2', [
        tenant,
        id,
      ]);
    });

    await expect(committing).rejects.toThrow(InvalidInput);
    expect(await app.committed(tenant)).toEqual([]);
    expect(await app.notes.titles(tenant)).toEqual([]);
  });

  it('refuses when the error of a statement was swallowed: the server would answer ROLLBACK to it', async () => {
    const swallowing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'lost without a word');
      await app.notes.run('SELECT 1 / 0').catch(() => undefined);
    });

    const failure = await swallowing.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidTransaction);
    expect((failure as Error).cause).toMatchObject({ driverError: { code: '22012' } });
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('writes what was enqueued last, each sink in one call and in order', async () => {
    const sink = new TitleSink(tenant);
    await app.transactions.run({}, async () => {
      const transaction = app.transactions.current();
      for (const title of ['a', 'b', 'c']) transaction?.enqueue(sink, title);
      expect(await app.notes.titles(tenant)).toEqual([]);
    });

    expect(sink.calls).toEqual([['a', 'b', 'c']]);
    expect(await app.committed(tenant)).toEqual(['a', 'b', 'c']);
  });

  it('fails with what was enqueued', async () => {
    const sink = new TitleSink(tenant);
    const committing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'a');
      app.transactions.current()?.enqueue(sink, 'a');
    });

    await expect(committing).rejects.toThrow(AlreadyExists);
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('does not write what was enqueued in a part that was undone', async () => {
    const sink = new TitleSink(tenant);
    await app.transactions.run({}, async () => {
      app.transactions.current()?.enqueue(sink, 'outer');
      const nested = app.transactions.run({ propagation: 'nested' }, async () => {
        app.transactions.current()?.enqueue(sink, 'inner');
        throw new Error('refused');
      });
      await expect(nested).rejects.toThrow('refused');
    });

    expect(sink.calls).toEqual([['outer']]);
  });

  it('refuses when a statement has ended the transaction behind its back', async () => {
    const ended = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'a');
      await app.notes.run('ROLLBACK');
    });

    await expect(ended).rejects.toThrow(InvalidTransaction);
    expect(await app.committed(tenant)).toEqual([]);
  });
});
