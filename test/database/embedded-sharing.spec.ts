import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { query } from '../support/database.js';
import { Embedded, isRunning } from '../support/embedded.js';
import { until } from '../support/until.js';

const answers = (url: string): Promise<boolean> => query(url, 'SELECT 1').then(() => true, () => false); // prettier-ignore

describe('embedded PostgreSQL: several processes on one directory', () => {
  const embedded = new Embedded();
  afterEach(() => embedded.clean());

  async function ownerAndSharer() {
    const directory = embedded.directory();
    const owner = embedded.service(directory);
    const owned = await owner.ready();
    const sharer = embedded.service(directory);
    const joined = await sharer.ready();
    await query(owned.url, `CREATE TABLE note AS SELECT 'kept' AS text`);
    return { directory, owner, owned, sharer, joined };
  }

  it('lets a second process share the server and leave without stopping it', async () => {
    const { owned, sharer, joined } = await ownerAndSharer();
    expect(joined).toMatchObject({ url: owned.url, pid: owned.pid, shared: true });

    expect(await sharer.end('stop')).toBe(0);
    expect(isRunning(owned.pid)).toBe(true);
    expect(await query(owned.url, 'TABLE note')).toEqual([{ text: 'kept' }]);
  });

  it('knows the directory again by another name', async () => {
    const { directory, owned } = await ownerAndSharer();
    const alias = join(embedded.folder(), 'alias');
    symlinkSync(directory, alias);
    expect(await embedded.service(alias).ready()).toMatchObject({ url: owned.url, pid: owned.pid, shared: true });
  });

  it.each(['stop', 'SIGKILL'] as const)('hands the server to the sharer when its owner ends (%s)', async (how) => {
    const { owner, owned, sharer, joined } = await ownerAndSharer();
    await owner.end(how);

    await until(async () => !(await sharer.now()).shared, 'the sharer owns a server');
    await until(() => answers(joined.url), 'it answers at the old address');
    expect(isRunning(owned.pid)).toBe(false);
    expect(await query(joined.url, 'TABLE note')).toEqual([{ text: 'kept' }]);

    const { pid } = await sharer.now();
    expect(await sharer.end('stop')).toBe(0);
    expect(isRunning(pid)).toBe(false);
  });

  it('makes exactly one of several sharers the new owner', async () => {
    const { directory, owner, sharer, joined } = await ownerAndSharer();
    const sharers = [sharer, embedded.service(directory), embedded.service(directory)];
    await Promise.all(sharers.map((service) => service.ready()));
    await owner.end('SIGKILL');

    const states = await until(async () => {
      const all = await Promise.all(sharers.map((service) => service.now()));
      return new Set(all.map(({ pid }) => pid)).size === 1 && all[0]?.pid !== joined.pid ? all : undefined;
    }, 'they agree on a new server');
    expect(states?.filter(({ shared }) => !shared)).toHaveLength(1);
    expect(await answers(joined.url)).toBe(true);
  });
});
