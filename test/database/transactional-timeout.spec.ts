import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Transactional } from '../../src/shared/database/index.js';
import { DependencyUnavailable } from '../../src/shared/errors/index.js';
import { nameOf, query } from '../support/database.js';
import { type Notebook, notesDatabase, NotesRepository, openNotes } from '../support/notes.js';
import { until } from '../support/until.js';

@Injectable()
class Service {
  constructor(private readonly notes: NotesRepository) {}

  @Transactional({ timeoutMs: 100 })
  async addSlowly(tenant: string): Promise<void> {
    await this.notes.add(tenant, 'slow');
    await this.notes.run('SELECT pg_sleep(60)');
  }

  @Transactional({ timeoutMs: 100 })
  async addAndWait(tenant: string, event: Promise<void>): Promise<void> {
    await this.notes.add(tenant, 'waiting');
    await event;
    await this.notes.add(tenant, 'later');
  }
}

describe('timeoutMs of a transaction', () => {
  let app: Notebook;
  let service: Service;
  const tenant = randomUUID();

  beforeAll(async () => {
    app = await openNotes({ url: await notesDatabase(), poolSize: 1 }, [Service]);
    service = app.module.get(Service);
  });
  beforeEach(() => app.breaker.reset());
  afterAll(() => app.close());

  it('cancels a statement on the server and rolls back', async () => {
    await expect(service.addSlowly(tenant)).rejects.toThrow(DependencyUnavailable);

    const sleeping = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1 AND query LIKE '%sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()`;
    expect(await query(app.url, sleeping, [nameOf(app.url)])).toEqual([{ n: 0 }]);
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('ends a transaction that does nothing for too long', async () => {
    // It is idle for a moment after its BEGIN, too.
    const open = `SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = $1 AND state LIKE 'idle in transaction%' AND query LIKE 'INSERT%'`;
    const waiting = async (): Promise<number> =>
      (await query<{ n: number }>(app.url, open, [nameOf(app.url)]))[0]?.n ?? 0;
    let proceed = (): void => undefined;
    const call = service.addAndWait(tenant, new Promise((resolve) => (proceed = resolve)));
    await until(async () => (await waiting()) === 1);
    await until(async () => (await waiting()) === 0);
    proceed();

    await expect(call).rejects.toThrow(DependencyUnavailable);
    expect(await app.committed(tenant)).toEqual([]);
  });

  it('is that of single statements unless given, so that a frozen node holds its locks for a bounded time', async () => {
    const impatient = await openNotes({ url: app.url, statementTimeoutMs: 4_000 });
    try {
      await impatient.transactions.run({}, async () => {
        for (const limit of ['statement_timeout', 'idle_in_transaction_session_timeout']) {
          expect(await impatient.notes.run(`SHOW ${limit}`)).toEqual([{ [limit]: '4s' }]);
        }
      });
    } finally {
      await impatient.close();
    }
  });

  it('holds for the transaction only: the connection forgets it', async () => {
    await app.transactions.run({ timeoutMs: 100 }, () => app.notes.titles(tenant));

    expect(await app.notes.run('SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }]);
    expect(await app.notes.run('SHOW idle_in_transaction_session_timeout')).toEqual([
      { idle_in_transaction_session_timeout: '0' },
    ]);
  });
});
