import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connected } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { aNote, type Notebook, notesDatabase, openNotes } from '../support/notes.js';
import { until } from '../support/until.js';

const installed = spawnSync('pgbouncer', ['--version']).status === 0;
const describeWithPgBouncer: typeof describe.skip = installed ? describe : describe.skip;

/** Two server connections for ten of ours, in transaction mode: what a session keeps, another one meets. */
class PgBouncer {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  static async start(target: string): Promise<PgBouncer> {
    const server = new URL(target);
    const folder = mkdtempSync(join(tmpdir(), 'muster-pgbouncer-'));
    const port = await freePort();
    const login = `user=${server.username} ${server.password && `password=${server.password}`}`;
    const settings = [
      '[databases]',
      `* = host=${server.hostname} port=${server.port || 5432} ${login}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'default_pool_size = 2',
      ...(process.getuid?.() === 0 ? ['user = nobody'] : []),
    ];
    writeFileSync(join(folder, 'pgbouncer.ini'), settings.join('\n'), { mode: 0o644 });
    const child = spawn('pgbouncer', ['-q', join(folder, 'pgbouncer.ini')], { stdio: 'ignore' });
    const url = new URL(target);
    url.host = `127.0.0.1:${port}`;
    const bouncer = new PgBouncer(child, folder, url.href);
    await until(
      () => connected(url.href, (client) => client.query('SELECT 1')).catch(() => undefined),
      'PgBouncer answers',
    );
    return bouncer;
  }

  async stop(): Promise<void> {
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
    rmSync(this.folder, { recursive: true });
  }
}

describeWithPgBouncer(`behind PgBouncer in transaction mode${installed ? '' : ' (skipped: no pgbouncer)'}`, () => {
  let bouncer: PgBouncer;
  let app: Notebook;
  let tenant: string;

  beforeAll(async () => {
    bouncer = await PgBouncer.start(await notesDatabase());
    app = await openNotes({ url: bouncer.url });
  });
  beforeEach(() => (tenant = randomUUID()));
  afterAll(async () => {
    await app.close();
    await bouncer.stop();
  });

  it('runs transactions, savepoints and single statements of hundreds of callers', async () => {
    const calls = Array.from({ length: 300 }, (_, index) =>
      app.transactions.run({}, async () => {
        await app.notes.add(tenant, `note ${index}`);
        const nested = app.transactions.run({ propagation: 'nested' }, async () => {
          await app.ordinary.notes.save(aNote(tenant, `nested ${index}`));
          throw new Error('undone');
        });
        await expect(nested).rejects.toThrow('undone');
      }),
    );
    const reads = Array.from({ length: 300 }, () => app.notes.titles(tenant));
    await Promise.all([...calls, ...reads]);

    expect(await app.committed(tenant)).toHaveLength(300);
  });

  it('leaves no setting behind on the servers’ sessions', async () => {
    const limited = Array.from({ length: 50 }, () =>
      app.transactions.run({ timeoutMs: 5_000, isolation: 'SERIALIZABLE', readOnly: true }, () =>
        app.notes.titles(tenant),
      ),
    );
    await Promise.all(limited);

    const settings = 'SELECT current_setting(s) AS value FROM unnest($1::text[]) AS s';
    const names = [
      'statement_timeout',
      'idle_in_transaction_session_timeout',
      'transaction_isolation',
      'transaction_read_only',
    ];
    for (let round = 0; round < 20; round++) {
      const rows = await app.notes.run(settings, [names]);
      expect(rows.map((row) => row.value)).toEqual(['0', '0', 'read committed', 'off']);
    }
  });

  it('streams COPY inside a transaction', async () => {
    await app.transactions.run({}, () =>
      app.database.copy('COPY notes (tenant_id, id, title) FROM STDIN', [`${tenant}\t${randomUUID()}\tcopied\n`]),
    );

    expect(await app.committed(tenant)).toEqual(['copied']);
  });
});
