import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import fc from 'fast-check';
import { AggregateRepository, Operation, type Outcome, Persistence } from '../../src/shared/database/index.js';
import { AlreadyExists, DependencyUnavailable } from '../../src/shared/errors/index.js';
import { connected, query } from '../support/database.js';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';
import { until } from '../support/until.js';

interface Draft {
  title: string;
  pageCount?: number;
}

/** A hot operation as the aggregates have it: batched outside a transaction, at once inside one. */
@Injectable()
class BatchedNotes extends AggregateRepository {
  /** Items of each statement that reached the server. */
  readonly statements: Draft[][] = [];
  /** Runs before each statement. */
  before: () => unknown = () => undefined;
  private readonly creates = this.batched<Draft, string>({
    operation: 'notes.create',
    flush: (tenantId, items) => this.insert(tenantId, items),
  });

  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  create(tenantId: string, draft: Draft): Promise<string> {
    return this.creates(tenantId, draft);
  }

  private async insert(tenantId: string, drafts: Draft[]): Promise<Outcome<string>[]> {
    this.statements.push(drafts);
    await this.before();
    const ids = drafts.map(() => randomUUID());
    const sql = `INSERT INTO notes (tenant_id, id, title, page_count)
      SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::int[])`;
    await this.query(sql, [tenantId, ids, drafts.map((d) => d.title), drafts.map((d) => d.pageCount ?? 0)]);
    return ids.map((value) => ({ value }));
  }
}

describe('batched operations', () => {
  let app: Notebook;
  let notes: BatchedNotes;
  let tenant: string;

  beforeAll(async () => {
    app = await openNotes({ url: await notesDatabase(), batchSize: 128 }, [BatchedNotes]);
    notes = app.module.get(BatchedNotes);
  });
  beforeEach(() => {
    tenant = randomUUID();
    notes.statements.length = 0;
    notes.before = () => undefined;
    app.breaker.reset();
  });
  afterAll(() => app.close());

  const drafts = (count: number): Draft[] => Array.from({ length: count }, (_, index) => ({ title: `note ${index}` }));
  const createAll = (all: Draft[]) => Promise.allSettled(all.map((draft) => notes.create(tenant, draft)));
  const raiseOnce = (code: string) => {
    notes.before = async () => {
      notes.before = () => undefined;
      await app.database.query(`DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '${code}'; END $$`);
    };
  };

  it('answer 500 concurrent callers with their own results in few statements', async () => {
    const ids = await Promise.all(drafts(500).map((draft) => notes.create(tenant, draft)));

    const rows = await query<{ id: string; title: string }>(
      app.url,
      'SELECT id, title FROM notes WHERE tenant_id = $1',
      [tenant],
    );
    const titleOf = new Map(rows.map((row) => [row.id, row.title]));
    expect(ids.map((id) => titleOf.get(id))).toEqual(drafts(500).map((draft) => draft.title));
    expect(notes.statements.length).toBeLessThanOrEqual(8);
  });

  it('tell how many calls a statement served', async () => {
    app.metrics.registry.resetMetrics();
    await createAll(drafts(50));

    expect(await app.metrics.registry.metrics()).toContain('batch_size_sum{operation="notes.create"} 50');
  });

  it('answer a single caller at once, in a statement of its own', async () => {
    await notes.create(tenant, { title: 'alone' });

    expect(notes.statements).toEqual([[{ title: 'alone' }]]);
  });

  it('fail a bad item alone', async () => {
    const all = drafts(200);
    all[77] = { title: 'bad', pageCount: -1 };
    const results = await createAll(all);

    expect(results.flatMap((result, index) => (result.status === 'rejected' ? [index] : []))).toEqual([77]);
    expect(results[77]).toMatchObject({ reason: { code: 'invalid_input' } });
    expect(await app.committed(tenant)).toHaveLength(199);
  });

  it('fail a value the wire cannot carry alone', async () => {
    const results = await createAll([...drafts(50), { title: 'NUL \0' }]);

    expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1);
    expect(await app.committed(tenant)).toHaveLength(50);
  });

  it('let one of two equal items win, whatever batch they are in', async () => {
    const results = await createAll([...drafts(100), ...drafts(100)]);

    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(100);
    for (const result of refused) expect(result.reason).toBeInstanceOf(AlreadyExists);
    expect(await app.committed(tenant)).toHaveLength(100);
  });

  it.each(['40001', '40P01'])('run again after %s, and no caller hears of it', async (code) => {
    raiseOnce(code);
    const results = await createAll(drafts(20));

    expect(results.filter((result) => result.status === 'rejected')).toEqual([]);
    expect(await app.committed(tenant)).toHaveLength(20);
  });

  it('reject everybody when the connection is lost, with nothing half done', async () => {
    await connected(app.url, async (blocker) => {
      // The statement waits for this lock, so it is surely under way when its connection is ended.
      await blocker.query('BEGIN');
      await blocker.query('LOCK TABLE notes IN EXCLUSIVE MODE');
      const results = createAll(drafts(100));
      const waiting = `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await until(async () => (await blocker.query<{ done: boolean }>(waiting)).rows.some((row) => row.done));
      for (const result of await results) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(DependencyUnavailable) });
      }
      await blocker.query('ROLLBACK');
    });

    expect(await app.committed(tenant)).toEqual([]);
    expect(notes.statements).toHaveLength(1);
  });

  it('never answer before the commit', async () => {
    await Promise.all(
      drafts(200).map(async (draft) => {
        await notes.create(tenant, draft);
        // On another connection: what is visible there is committed.
        expect(
          await app.notes.run('SELECT 1 FROM notes WHERE tenant_id = $1 AND title = $2', [tenant, draft.title]),
        ).toHaveLength(1);
      }),
    );
  });

  it('do not mix tenants', async () => {
    const tenants = Array.from({ length: 20 }, () => randomUUID());
    await Promise.all(tenants.flatMap((one) => drafts(20).map((draft) => notes.create(one, draft))));

    for (const one of tenants) expect(await app.committed(one)).toHaveLength(20);
    expect(notes.statements.every((items) => new Set(items.map((item) => item.title)).size === items.length)).toBe(
      true,
    );
  });

  it('run at once on the connection of a transaction, and share its fate', async () => {
    const rolledBack = app.transactions.run({}, async () => {
      for (const draft of drafts(3)) await notes.create(tenant, draft);
      expect(await app.notes.titles(tenant)).toHaveLength(3);
      throw new Error('refused');
    });

    await expect(rolledBack).rejects.toThrow('refused');
    expect(notes.statements.map((items) => items.length)).toEqual([1, 1, 1]);
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('keep out of a transaction that another caller of the batch is in', async () => {
    await using transaction = await app.transactions.begin();
    const outside = Promise.all(drafts(10).map((draft) => notes.create(tenant, draft)));
    await notes.withTx(transaction).create(tenant, { title: 'inside' });
    await outside;

    expect(await app.committed(tenant)).toHaveLength(10);
  });

  it('answer each caller exactly once and rightly, for any mix of good and bad items', async () => {
    const item = fc.record({
      title: fc.oneof(
        { weight: 5, arbitrary: fc.uuid() },
        { weight: 1, arbitrary: fc.constantFrom('twice', 'also twice') },
        { weight: 1, arbitrary: fc.constant('NUL \0') },
      ),
      pageCount: fc.oneof(
        { weight: 6, arbitrary: fc.nat(10) },
        { weight: 1, arbitrary: fc.integer({ min: -9, max: -1 }) },
      ),
    });
    const good = (draft: Draft) => !draft.title.includes('\0') && (draft.pageCount ?? 0) >= 0;

    await fc.assert(
      fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 120 }), async (all) => {
        tenant = randomUUID();
        const results = await createAll(all);
        const accepted = all.filter((_, index) => results[index]?.status === 'fulfilled').map((draft) => draft.title);

        expect(accepted.every((title) => all.some((draft) => draft.title === title && good(draft)))).toBe(true);
        expect(accepted.sort()).toEqual([...new Set(all.filter(good).map((draft) => draft.title))].sort());
        expect((await app.committed(tenant)).sort()).toEqual(accepted);
      }),
      { numRuns: 40 },
    );
  });
});
