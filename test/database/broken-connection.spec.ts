import { randomUUID } from 'node:crypto';
import { DependencyUnavailable } from '../../src/shared/errors/index.js';
import { connected, query } from '../support/database.js';
import { aNote, Note, type Notebook, notesDatabase, openNotes } from '../support/notes.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** A pool of one connection: whatever state a transaction leaves it in, the next user meets. */
describe('a connection whose transaction broke', () => {
  let app: Notebook;
  let url: string;
  let tenant: string;

  beforeAll(async () => (url = await notesDatabase()));
  beforeEach(async () => {
    tenant = randomUUID();
    app = await openNotes({ url, poolSize: 1 });
  });
  afterEach(() => app.close());

  const backend = async (): Promise<number> => Number((await app.notes.run('SELECT pg_backend_pid() AS pid'))[0]?.pid);
  const kill = (pid: number) => query(url, 'SELECT pg_terminate_backend($1, 5000)', [pid]);
  const openBreaker = async (): Promise<void> => {
    const lost = Object.assign(new Error('lost'), { code: 'ECONNRESET' });
    while (app.breaker.getState() === 'closed') {
      await app.breaker.execute(() => Promise.reject(lost)).catch(() => undefined);
    }
  };
  const expectCleanPool = async (): Promise<void> => {
    app.breaker.reset();
    // In a transaction of somebody else the two would be equal.
    expect(await app.notes.run('SELECT now() = statement_timestamp() AS alone')).toEqual([{ alone: true }]);
    await app.notes.add(tenant, 'next user');
    expect(await app.committed(tenant)).toEqual(['next user']);
  };

  it('is not reused when the server ends it between two statements', async () => {
    const failing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'lost');
      await kill(await backend());
      await app.notes.add(tenant, 'lost too');
    });

    await expect(failing).rejects.toThrow(DependencyUnavailable);
    await expectCleanPool();
  });

  it('is not reused when the server ends it in the middle of a statement', async () => {
    const failing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'lost');
      const pid = await backend();
      await Promise.all([
        app.notes.run('SELECT pg_sleep(60)'),
        until(
          async () =>
            (await query(url, `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%sleep%'`, [pid]))[0],
        ).then(() => kill(pid)),
      ]);
    });

    await expect(failing).rejects.toThrow(DependencyUnavailable);
    await expectCleanPool();
  });

  it('is not reused when it is lost just before the commit', async () => {
    const failing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'lost');
      await kill(await backend());
    });

    await expect(failing).rejects.toThrow(DependencyUnavailable);
    await expectCleanPool();
  });

  it('is rolled back past an open breaker', async () => {
    const failing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'lost');
      await openBreaker();
      await app.notes.add(tenant, 'refused');
    });

    await expect(failing).rejects.toMatchObject({ code: 'circuit_open' });
    await expectCleanPool();
  });

  it('does not commit through an open breaker', async () => {
    const failing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'lost');
      await openBreaker();
    });

    await expect(failing).rejects.toMatchObject({ code: 'circuit_open' });
    await expectCleanPool();
  });

  it('does not keep a nested part that could not be undone', async () => {
    const failing = app.transactions.run({}, async () => {
      await app.notes.add(tenant, 'outer');
      const nested = app.transactions.run({ propagation: 'nested' }, async () => {
        await app.notes.add(tenant, 'to be undone');
        await openBreaker();
        throw new Error('refused');
      });
      await expect(nested).rejects.toThrow('refused');
      app.breaker.reset();
    });

    await expect(failing).rejects.toMatchObject({ code: 'invalid_transaction' });
    await expectCleanPool();
  });

  it('is closed when TypeORM’s own transaction could not roll back', async () => {
    const failing = app.ordinary.dataSource.transaction(async (manager) => {
      await manager.insert(Note, aNote(tenant, 'lost'));
      await openBreaker();
      throw new Error('refused');
    });

    await expect(failing).rejects.toThrow('refused');
    await expectCleanPool();
  });

  it('is closed when a statement left a transaction open', async () => {
    await app.ordinary.dataSource.query('BEGIN');

    await expectCleanPool();
  });

  it('is closed when the client stopped waiting for a statement', async () => {
    const impatient = await openNotes({ url, poolSize: 1, statementTimeoutMs: 100 });
    try {
      await expect(impatient.notes.run('SELECT pg_sleep(3)')).rejects.toThrow(DependencyUnavailable);
      expect(await impatient.notes.run('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await impatient.close();
    }
  });

  it('has its statement cancelled then: what the caller was told has failed is never committed', async () => {
    await app.notes.add(tenant, 'a');
    const impatient = await openNotes({ url, poolSize: 1, statementTimeoutMs: 200 });
    try {
      await connected(url, async (holder) => {
        await holder.query('BEGIN');
        await holder.query('UPDATE notes SET page_count = 1 WHERE tenant_id = $1', [tenant]);
        const late = impatient.notes.run('UPDATE notes SET page_count = 2 WHERE tenant_id = $1', [tenant]);
        await expect(late).rejects.toThrow(DependencyUnavailable);
        const backends = `SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE 'UPDATE notes SET page_count = 2%' AND state = 'active'`;
        await until(async () => (await query(url, backends)).length === 0);
        await holder.query('COMMIT');
      });

      expect(await app.notes.run('SELECT page_count FROM notes WHERE tenant_id = $1', [tenant])).toEqual([
        { page_count: 1 },
      ]);
    } finally {
      await impatient.close();
    }
  });

  it('is given up when the network swallows everything, inside a transaction too', async () => {
    const proxy = await TcpProxy.start(url);
    const behind = await openNotes({ url: proxy.url, poolSize: 1, statementTimeoutMs: 200 });
    try {
      const failing = behind.transactions.run({}, async () => {
        await behind.notes.add(tenant, 'lost');
        proxy.freeze();
        await behind.notes.add(tenant, 'unheard');
      });
      await expect(failing).rejects.toThrow(DependencyUnavailable);

      proxy.thaw();
      expect(await behind.notes.titles(tenant)).toEqual([]);
    } finally {
      await behind.close();
      await proxy.stop();
    }
  });

  it('leaves no connection behind after hundreds of transactions that break in every way', async () => {
    const ways = [
      () => Promise.reject(new Error('thrown')),
      () => app.notes.run('SELECT 1 / 0'),
      async () => kill(await backend()),
      () => app.notes.run('ROLLBACK'),
    ];
    for (let round = 0; round < 100; round++) {
      const way = ways[round % ways.length] as (typeof ways)[number];
      await expect(app.transactions.run({}, async () => way())).rejects.toThrow();
      app.breaker.reset();
    }

    await expectCleanPool();
  });
});
