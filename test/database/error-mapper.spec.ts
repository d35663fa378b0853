import { randomUUID } from 'node:crypto';
import { isInfrastructureFailure, mapDatabaseError } from '../../src/shared/database/index.js';
import {
  AlreadyExists,
  Conflict,
  DependencyUnavailable,
  DomainError,
  InvalidInput,
  InvalidTransaction,
  OperationFailed,
  SerializationConflict,
} from '../../src/shared/errors/index.js';
import { connected, query, scratchDatabase } from '../support/database.js';
import { type Notebook, notesDatabase, openNotes } from '../support/notes.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** Every SQLSTATE here is PostgreSQL's own answer to what is done. */
describe('the error mapper [S91] [S127]', () => {
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => (app = await openNotes({ url: await notesDatabase() })));
  beforeEach(() => (tenant = randomUUID()));
  afterEach(() => app.breaker.reset());
  afterAll(() => app.close());

  const failureOf = async (call: Promise<unknown>): Promise<DomainError> => {
    const outcome = await call.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(outcome instanceof DomainError)) throw new Error(`expected a domain error, got ${String(outcome)}`);
    return outcome;
  };
  const raise = (code: string): Promise<unknown> =>
    app.notes.run(`DO $$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = '${code}'; END $$`);

  it('23505 → AlreadyExists, naming the key but not the tenant [S122] [S128]', async () => {
    await app.notes.add(tenant, 'a');
    const failure = await failureOf(app.notes.add(tenant, 'a'));

    expect(failure).toBeInstanceOf(AlreadyExists);
    expect(failure.details).toEqual({ entity: 'note', key: 'title' });
    expect(JSON.stringify([failure.message, failure.details])).not.toContain(tenant);
  });

  it('23503 → InvalidInput for a row that is named but missing', async () => {
    const sql = 'INSERT INTO notes (tenant_id, id, title, parent_id) VALUES ($1, $2, $3, $2)';
    const missing = sql.replace('$3, $2', '$3, gen_random_uuid()');
    const failure = await failureOf(app.notes.run(missing, [tenant, randomUUID(), 'a']));

    expect(failure).toBeInstanceOf(InvalidInput);
    expect(failure.details).toMatchObject({ errors: [{ field: 'notes_parent', rule: 'reference' }] });
  });

  it('23503 → Conflict for a row that others still name', async () => {
    const parent = await app.notes.add(tenant, 'parent');
    const child = 'INSERT INTO notes (tenant_id, id, title, parent_id) VALUES ($1, gen_random_uuid(), $2, $3)';
    await app.notes.run(child, [tenant, 'child', parent]);
    const failure = await failureOf(
      app.notes.run('DELETE FROM notes WHERE tenant_id = $1 AND id = $2', [tenant, parent]),
    );

    expect(failure).toBeInstanceOf(Conflict);
    expect(failure.code).toBe('still_referenced');
  });

  it('23514 → InvalidInput naming the rule', async () => {
    const failure = await failureOf(app.notes.add(tenant, 'a', -1));

    expect(failure).toBeInstanceOf(InvalidInput);
    expect(failure.details).toMatchObject({ errors: [{ field: 'notes_page_count_positive', rule: 'constraint' }] });
  });

  it('23502 → InvalidInput naming the column', async () => {
    const sql = 'INSERT INTO notes (tenant_id, id, title) VALUES ($1, gen_random_uuid(), NULL)';
    const failure = await failureOf(app.notes.run(sql, [tenant]));

    expect(failure.details).toMatchObject({ errors: [{ field: 'title' }] });
  });

  it.each([
    ['22P02', 'not a uuid', () => app.notes.add('not a uuid', 'a')],
    ['22021', 'a NUL character', () => app.notes.add(tenant, 'a\0b')],
    ['22003', 'a number out of range', () => app.notes.run('SELECT $1::int', ['99999999999'])],
    ['22P05', 'a NUL in JSON', () => app.notes.run('SELECT ($1::jsonb)->>0', ['["\\u0000"]'])],
  ])('%s → InvalidInput (%s)', async (_, __, call) => {
    expect(await failureOf(call())).toBeInstanceOf(InvalidInput);
  });

  it('40001 and 40P01 → SerializationConflict, to be run again [S129]', async () => {
    for (const code of ['40001', '40P01']) expect(await failureOf(raise(code))).toBeInstanceOf(SerializationConflict);
  });

  it('25006 and 25P02 → InvalidTransaction [S126]', async () => {
    await using readOnly = await app.transactions.begin({ readOnly: true });
    expect(await failureOf(app.notes.withTx(readOnly).add(tenant, 'a'))).toBeInstanceOf(InvalidTransaction);

    await using aborted = await app.transactions.begin();
    await app.notes
      .withTx(aborted)
      .run('SELECT 1 / 0')
      .catch(() => undefined);
    expect(await failureOf(app.notes.withTx(aborted).add(tenant, 'a'))).toBeInstanceOf(InvalidTransaction);
  });

  it('57014 → DependencyUnavailable, a timeout', async () => {
    const slow = app.transactions.run({ timeoutMs: 50 }, () => app.notes.run('SELECT pg_sleep(30)'));

    expect(await failureOf(slow)).toBeInstanceOf(DependencyUnavailable);
  });

  it('57P01 → DependencyUnavailable, the administrator’s shutdown', async () => {
    const [row] = await app.notes.run('SELECT 1 FROM pg_backend_pid()');
    expect(row).toBeDefined();
    const sleeping = failureOf(app.notes.run(`SELECT pg_sleep(30), 'marked'`));
    await until(async () => {
      const sql = `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%''marked''%' AND pid <> pg_backend_pid()`;
      return (await query(app.url, sql))[0]?.done;
    });

    expect(await sleeping).toBeInstanceOf(DependencyUnavailable);
  });

  it('53300 → DependencyUnavailable, too many connections', async () => {
    const url = await scratchDatabase();
    const role = `limited_${randomUUID().slice(0, 8)}`;
    await query(url, `CREATE ROLE ${role} LOGIN PASSWORD 'x' CONNECTION LIMIT 1`);
    try {
      const limited = new URL(url);
      limited.username = role;
      limited.password = 'x';
      const crowded = connected(limited.href, () => connected(limited.href, () => Promise.resolve()));
      const failure = await crowded.catch((error: unknown) => error);

      expect(failure).toMatchObject({ code: '53300' });
      expect(isInfrastructureFailure(failure)).toBe(true);
      expect(mapDatabaseError(failure, 'notes.add')).toBeInstanceOf(DependencyUnavailable);
    } finally {
      await query(url, `DROP ROLE ${role}`);
    }
  });

  it('a refused connection → DependencyUnavailable', async () => {
    const proxy = await TcpProxy.start(app.url);
    await proxy.stop();
    const failure: unknown = await connected(proxy.url, () => Promise.resolve()).catch((error: unknown) => error);

    expect(failure).toMatchObject({ code: 'ECONNREFUSED' });
    expect(mapDatabaseError(failure, 'notes.add')).toBeInstanceOf(DependencyUnavailable);
  });

  it('a full pool → Overloaded, which says nothing about the server', async () => {
    const small = await openNotes({ url: app.url, poolSize: 1, acquireTimeoutMs: 50 });
    try {
      await using holder = await small.transactions.begin();
      expect(holder.active).toBe(true);
      for (let round = 0; round < 10; round++) {
        expect(await failureOf(small.notes.titles(tenant))).toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
      }
      expect(small.breaker.getState()).toBe('closed');
    } finally {
      await small.close();
    }
  });

  it('anything else → OperationFailed with the operation, cause kept, nothing of it shown [S130]', async () => {
    const failure = await failureOf(app.notes.run('SELECT secret_column'));

    expect(failure).toBeInstanceOf(OperationFailed);
    expect(failure).toMatchObject({ operation: 'notes.run', cause: { driverError: { code: '42703' } } });
    expect(JSON.stringify([failure.message, failure.details])).not.toContain('secret_column');
  });

  it('counts as the database’s trouble only what is [S141]', async () => {
    const infrastructure = ['08006', '53200', '53300', '57014', '57P01', '58030', 'XX000', '25P03', '25P04'];
    const refusals = ['23505', '23503', '22P02', '40001', '40P01', '42703', '25006', 'P0001'];

    for (const code of infrastructure) expect([code, isInfrastructureFailure({ code })]).toEqual([code, true]);
    for (const code of refusals) expect([code, isInfrastructureFailure({ code })]).toEqual([code, false]);
  });
});
