import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Run, muster, startMuster } from '../support/cli.js';
import { scratchDatabase } from '../support/database.js';
import { Embedded } from '../support/embedded.js';

interface TenantAnswer {
  id: string;
  name: string;
  workspaceId: string;
  adminKey: string;
}

const MIGRATIONS = 5;

describe('migrate', () => {
  it('applies, lists and undoes', async () => {
    const env = { DATABASE_URL: await scratchDatabase({ empty: true }) };
    const migrate = async (verb: string): Promise<Record<string, string[]>> =>
      (await muster(['--json', 'migrate', verb], { env })).json();

    const before = await migrate('status');
    expect(before).toEqual({ applied: [], pending: expect.arrayContaining(['Tenancy1763900000000']) as string[] });
    expect(before.pending?.length).toBeGreaterThanOrEqual(MIGRATIONS);
    expect(await migrate('up')).toEqual({ applied: before.pending });
    expect(await migrate('up')).toEqual({ applied: [] });
    expect(await migrate('down')).toEqual({ undone: before.pending?.at(-1) });
    expect(await migrate('status')).toEqual({
      applied: before.pending?.slice(0, -1),
      pending: before.pending?.slice(-1),
    });
  });

  it('exits with 3 where no database answers', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' };
    const { code, error } = await muster(['--json', 'migrate', 'status'], { env });
    expect([code, error().code]).toEqual([3, 'unreachable']);
  });
});

describe('tenant', () => {
  it('makes tenants with their key and workspace, and lists them', async () => {
    const env = { DATABASE_URL: await scratchDatabase() };
    const tenant = (...args: string[]): Promise<Run> => muster(['--json', 'tenant', ...args], { env });

    const { json, stderr } = await tenant('create', 'acme');
    const acme = json<TenantAnswer>();
    expect(acme).toMatchObject({ name: 'acme', adminKey: expect.stringMatching(/^mst_/) as string });
    expect(stderr).toBe('');

    const again = await tenant('create', 'acme');
    expect([again.code, again.stdout, again.error().code]).toEqual([1, '', 'already_exists']);
    expect((await tenant('create', 'a/b')).error().code).toBe('invalid_input');
    const listed = await tenant('list');
    expect(listed.json()).toMatchObject({ items: [{ id: acme.id, name: 'acme' }] });
    expect(listed.stdout).not.toContain(acme.adminKey);
  });

  it('says what to do about a database that was never migrated', async () => {
    const env = { DATABASE_URL: await scratchDatabase({ empty: true }) };
    const { code, error } = await muster(['--json', 'tenant', 'list'], { env });
    expect([code, error()]).toMatchObject([
      1,
      { code: 'migrations_pending', detail: expect.stringContaining('migrate up') },
    ]);
  });
});

describe('start', () => {
  const embedded = new Embedded();
  afterAll(() => embedded.clean());

  it('runs on nothing, and everything else finds it by its home', async () => {
    const home = embedded.folder();
    const env = { MUSTER_HOME: home, MUSTER_PORT: '0', MUSTER_LOG_LEVEL: 'warn' };
    const server = startMuster(['start', '--json'], { env });
    const closed = once(server, 'close');
    try {
      if (!server.stdout) throw new Error('the server has no output');
      const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
      const ready = JSON.parse(line) as { msg: string; url: string; adminKey: string };
      expect(ready).toMatchObject({ msg: 'ready', adminKey: expect.stringMatching(/^mst_/) as string });
      const kept = join(home, 'credentials.json');
      expect(JSON.parse(readFileSync(kept, 'utf8'))).toMatchObject({ url: ready.url, adminKey: ready.adminKey });
      expect(statSync(kept).mode & 0o777).toBe(0o600);

      const local = { env: { MUSTER_HOME: home } };
      expect((await muster(['--json', 'agent', 'register', 'ada'], local)).json()).toMatchObject({ name: 'ada' });

      // The operator's commands join the database of the running server.
      const acme = (await muster(['--json', 'tenant', 'create', 'acme'], local)).json<TenantAnswer>();
      const theirs = await muster(['--json', '--key', acme.adminKey, 'agent', 'list'], local);
      expect(theirs.json()).toMatchObject({ items: [] });

      const doctor = await muster(['--json', 'doctor', '--database'], local);
      expect([doctor.code, doctor.json()]).toMatchObject([0, { url: ready.url, healthy: true }]);
    } finally {
      server.kill('SIGTERM');
    }
    expect(await closed).toEqual([0, null]);
  });

  it('says which setting is wrong, and does not start', async () => {
    const { code, stdout, error } = await muster(['--json', 'start'], { env: { MUSTER_PORT: 'http' } });
    expect([code, stdout, error().code]).toEqual([2, '', 'invalid_configuration']);
  });
});
