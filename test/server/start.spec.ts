import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Credentials } from '../../src/credentials.js';
import { type Run, muster, startMuster } from '../support/cli.js';
import { query, scratchDatabase } from '../support/database.js';
import { until } from '../support/until.js';

interface Ready {
  url: string;
  adminKey?: string;
}

describe('the first start', () => {
  let home: string;
  let env: Record<string, string>;
  const running: ChildProcess[] = [];

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'muster-start-'));
    env = { DATABASE_URL: await scratchDatabase(), MUSTER_HOME: home, MUSTER_PORT: '0' };
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map(stop));
    rmSync(home, { recursive: true, force: true });
  });

  const file = () => join(home, 'credentials.json');
  const kept = () => JSON.parse(readFileSync(file(), 'utf8')) as Credentials;
  const fail = (more: Record<string, string> = {}): Promise<Run> =>
    muster(['--json', 'start'], { env: { ...env, ...more } });
  const keyWorks = async (url: string, key = ''): Promise<boolean> =>
    (await fetch(`${url}/v1/keys`, { headers: { authorization: `Bearer ${key}` } })).ok;

  async function start(more: Record<string, string> = {}): Promise<{ ready: Ready; warned: string[] }> {
    const child = startMuster(['--json', 'start'], { env: { ...env, ...more } });
    running.push(child);
    const warned: string[] = [];
    const lines = createInterface({ input: child.stdout ?? ([] as never) });
    return new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const said = JSON.parse(line) as Ready & { msg: string; level: string };
        if (said.msg === 'ready') resolve({ ready: said, warned });
        else warned.push(said.msg);
      });
      lines.on('close', () => reject(new Error('It ended before it was ready.')));
    });
  }

  async function withTakenPort(work: (port: string) => Promise<void>): Promise<void> {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      await work(String((other.address() as AddressInfo).port));
    } finally {
      other.close();
    }
  }

  it('ends with 1 on a taken port, and the next one has and shows the key', async () => {
    await withTakenPort(async (port) => {
      const { code, stdout, stderr } = await fail({ MUSTER_PORT: port });
      expect(code).toBe(1);
      expect(stdout + stderr).toContain('EADDRINUSE');
    });
    const { adminKey } = kept();
    const { ready } = await start();
    expect(ready.adminKey).toBe(adminKey);
    expect(await keyWorks(ready.url, adminKey)).toBe(true);
    expect(kept()).toMatchObject({ url: ready.url, adminKey });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readdirSync(home)).toEqual(['credentials.json']);
  });

  it('ended before the database had the key, leaves it to the next', async () => {
    const adminKey = 'a-key-that-was-kept-first';
    writeFileSync(file(), JSON.stringify({ adminKey }));
    const { ready } = await start();
    expect(ready.adminKey).toBe(adminKey);
    expect(await keyWorks(ready.url, adminKey)).toBe(true);
  });

  it('says how to get a key where another home has it, and does not replace it with its own', async () => {
    const first = await start();
    const other = join(home, 'other');
    const stale = {
      adminKey: 'the-key-of-another-database',
      url: 'http://127.0.0.1:9',
      tenantId: 't',
      workspaceId: 'w',
    };
    mkdirSync(other);
    writeFileSync(join(other, 'credentials.json'), JSON.stringify(stale));
    const { ready, warned } = await start({ MUSTER_HOME: other });

    expect(ready.adminKey).toBeUndefined();
    // The log and the line that says ready are written by two streams, in no certain order.
    await until(() => /MUSTER_ADMIN_KEY.*muster key create/.test(warned.join()));
    expect(await keyWorks(ready.url, first.ready.adminKey)).toBe(true);
    expect(await keyWorks(ready.url, stale.adminKey)).toBe(false);
    expect(JSON.parse(readFileSync(join(other, 'credentials.json'), 'utf8'))).toEqual(stale);
  });

  it.each(['', '{"adminKey":', '{}', 'null'])('ends with a clear error over a file that holds %p', async (text) => {
    writeFileSync(file(), text);
    const { code, stdout, stderr } = await fail();
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('credentials.json holds no credentials');
    expect(readFileSync(file(), 'utf8')).toBe(text);
    expect(await query(env.DATABASE_URL ?? '', 'SELECT 1 FROM api_keys')).toEqual([]);
    expect(existsSync(file())).toBe(true);
  });
});

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
