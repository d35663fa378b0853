import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { prepareBinaries } from '../../src/shared/database/embedded/binaries.js';
import { DataDirectory } from '../../src/shared/database/embedded/data-directory.js';
import { Postmaster } from '../../src/shared/database/embedded/postmaster.js';
import { ServerLog } from '../../src/shared/database/embedded/server-log.js';
import { serverUser } from '../../src/shared/database/embedded/server-user.js';
import { query } from '../support/database.js';
import { Embedded, isRunning, lockFileOf } from '../support/embedded.js';
import { until } from '../support/until.js';

describe('embedded PostgreSQL: lock files that nobody holds', () => {
  const embedded = new Embedded();
  const others: ChildProcess[] = [];
  afterEach(async () => {
    for (const other of others.splice(0)) other.kill('SIGKILL');
    await embedded.clean();
  });

  /** A directory with a row in it, stopped, and the lock file that its server had. */
  async function abandoned() {
    const directory = embedded.directory();
    const service = embedded.service(directory);
    const { url } = await service.ready();
    await query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
    const lockFile = readFileSync(lockFileOf(directory), 'utf8');
    await service.end('stop');
    return {
      directory,
      leave: (pid: number) => writeFileSync(lockFileOf(directory), lockFile.replace(/^\d+/, `${pid}`)),
    };
  }

  async function expectStartOn(directory: string) {
    const service = embedded.service(directory);
    const { url, shared } = await service.ready();
    expect(shared).toBe(false);
    expect(await query(url, 'TABLE note')).toEqual([{ text: 'kept' }]);
    return service;
  }

  /** A child that ends after its parent, a shell, has turned into `sleep`, which never collects it. */
  async function makeZombie(): Promise<number> {
    const script = 'exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 60';
    const parent = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
    others.push(parent);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    await until(() => readFileSync(`/proc/${parent.pid}/comm`, 'utf8') === 'sleep\n', 'the shell is a sleep');
    parent.stdin.end();
    const zombie = Number(line);
    await until(() => readFileSync(`/proc/${zombie}/stat`, 'utf8').includes(') Z '), 'the child is a zombie');
    return zombie;
  }

  it('starts over one that names a process that is gone', async () => {
    const { directory, leave } = await abandoned();
    leave(spawnSync('true').pid);
    await expectStartOn(directory);
  });

  it('starts over one that names a zombie', async () => {
    const { directory, leave } = await abandoned();
    const zombie = await makeZombie();

    leave(zombie);
    expect((await expectStartOn(directory)).logs).toContain('removing a lock file that nobody holds');
  });

  it('starts over one whose number belongs to another program by now', async () => {
    const { directory, leave } = await abandoned();
    leave(process.pid);
    expect((await expectStartOn(directory)).logs).toContain('removing a lock file that nobody holds');
    expect(isRunning(process.pid)).toBe(true);
  });

  it('starts over one whose number belongs to the PostgreSQL of another directory, which it leaves alone', async () => {
    const neighbour = await embedded.service(embedded.directory()).ready();
    const { directory, leave } = await abandoned();
    leave(neighbour.pid);
    await expectStartOn(directory);
    expect(await query(neighbour.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('starts over an empty one that a crash of the machine left', async () => {
    const { directory } = await abandoned();
    writeFileSync(lockFileOf(directory), '');
    const aMinuteAgo = Date.now() / 1000 - 60;
    utimesSync(lockFileOf(directory), aMinuteAgo, aMinuteAgo);
    await expectStartOn(directory);
  });

  it('cannot run a second server beside a living one even when the lock file was removed', async () => {
    const path = embedded.directory();
    const { pid } = await embedded.service(path).ready();
    const lockFile = readFileSync(lockFileOf(path), 'utf8');
    rmSync(lockFileOf(path));

    const user = serverUser(path);
    const { postgres: program } = prepareBinaries(path, user);
    const log = new ServerLog(`${path}.log`);
    const options = { program, directory: new DataDirectory(path), user, log, settings: {} };
    expect(await Postmaster.start(options, 1)).toBe('directory-held');

    expect(isRunning(pid)).toBe(true);
    writeFileSync(lockFileOf(path), lockFile);
  });

  it('puts back the lock file of a server that started since the old one was judged', async () => {
    const { directory: path, leave } = await abandoned();
    leave(process.pid);
    const directory = new DataDirectory(path);
    const judged = directory.holder();
    if (judged.kind !== 'reused') throw new Error(`judged ${judged.kind}`);
    const { pid } = await embedded.service(path).ready();

    directory.forget(judged);
    expect(directory.holder()).toMatchObject({ kind: 'live', pid, status: 'ready' });
  });
});
