import { randomUUID } from 'node:crypto';
import { Overloaded } from '../../src/shared/database/index.js';
import { query } from '../support/database.js';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';

const sleeping = (notebook: Notebook, ms: number) => () => notebook.notes.run('SELECT pg_sleep($1)', [ms / 1_000]);

describe('a pool that is asked for more than it has', () => {
  let url: string;
  beforeAll(async () => (url = await notesDatabase()));

  async function withNotes(acquireTimeoutMs: number, use: (app: Notebook) => Promise<void>): Promise<void> {
    const app = await openNotes({ url, poolSize: 4, acquireTimeoutMs });
    try {
      await use(app);
    } finally {
      await app.close();
    }
  }

  it('lets 300 concurrent transactions through one after the other', () =>
    withNotes(20_000, async (app) => {
      const tenant = randomUUID();
      await Promise.all(
        Array.from({ length: 300 }, (_, n) => app.transactions.run({}, () => app.notes.add(tenant, `note ${n}`))),
      );

      expect(await app.committed(tenant)).toHaveLength(300);
      expect(app.breaker.getState()).toBe('closed');
    }));

  it('refuses what would wait too long, and the breaker stays closed: the database is well', () =>
    withNotes(100, async (app) => {
      const results = await Promise.allSettled(
        Array.from({ length: 300 }, () => app.transactions.run({}, sleeping(app, 40))),
      );

      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.length).toBeLessThan(300);
      for (const { reason } of refused) expect(reason).toBeInstanceOf(Overloaded);
      expect(app.breaker.getState()).toBe('closed');
      await app.transactions.run({}, () => app.notes.titles(randomUUID()));
    }));

  it('keeps connections for transactions inside others', () =>
    withNotes(2_000, async (app) => {
      const tenant = randomUUID();
      const nested = (n: number) =>
        app.transactions.run({}, () =>
          app.transactions.run({ propagation: 'requires_new' }, () => app.notes.add(tenant, `note ${n}`)),
        );
      await Promise.all(Array.from({ length: 50 }, (_, n) => nested(n)));

      expect(await app.committed(tenant)).toHaveLength(50);
    }));

  it('gets every connection back, however a transaction ends', () =>
    withNotes(300, async (app) => {
      const ends = [
        () => app.transactions.run({}, () => Promise.reject(new Error('thrown'))),
        () => app.transactions.run({}, () => app.notes.run('SELECT pg_terminate_backend(pg_backend_pid())')),
        () => app.transactions.run({ timeoutMs: 10 }, sleeping(app, 5_000)),
        async () => (await app.transactions.begin()).rollback(),
      ];
      for (let round = 0; round < 24; round++) {
        await ends[round % ends.length]?.().catch((error: unknown) => expect(error).not.toBeInstanceOf(Overloaded));
        app.breaker.reset();
      }

      await Promise.all([1, 2].map(() => app.transactions.run({}, sleeping(app, 100))));
    }));
});

it('refuses to start on a server whose single statements would run at another level than READ COMMITTED', async () => {
  const url = await notesDatabase();
  await query(
    url,
    `ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_isolation = 'serializable'`,
  );

  await expect(openNotes({ url })).rejects.toMatchObject({
    code: 'unsuitable_isolation',
    details: { level: 'serializable' },
  });
});
