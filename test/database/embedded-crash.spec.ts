import { dirname } from 'node:path';
import { Client } from 'pg';
import { query } from '../support/database.js';
import { childrenOf, Embedded, isHeld, isRunning, processesIn } from '../support/embedded.js';
import { until } from '../support/until.js';

const answers = (url: string): Promise<boolean> => query(url, 'SELECT 1').then(() => true, () => false); // prettier-ignore

describe('embedded PostgreSQL: crashes', () => {
  const embedded = new Embedded();
  afterEach(() => embedded.clean());

  it('leaves nothing running when the service is killed', async () => {
    const directory = embedded.directory();
    const service = embedded.service(directory);
    const { pid } = await service.ready();
    await service.end('SIGKILL');

    await until(() => !isRunning(pid), 'the watchdog has stopped the server');
    await until(() => processesIn(dirname(directory)).length === 0, 'its processes are gone');
    expect(isHeld(directory)).toBe(false);
  });

  it('leaves nothing running when the service is killed while the server starts', async () => {
    const directory = embedded.directory();
    const service = embedded.service(directory);
    await until(() => isHeld(directory), 'the server has begun to start');
    await service.end('SIGKILL');

    await until(() => processesIn(dirname(directory)).length === 0, 'its processes are gone');
    expect((await embedded.service(directory).ready()).shared).toBe(false);
  });

  it('starts again at once after the service was killed', async () => {
    const directory = embedded.directory();
    const service = embedded.service(directory);
    const { url, pid } = await service.ready();
    await query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
    service.child.kill('SIGKILL');

    const again = await embedded.service(directory).ready();
    expect(again.shared).toBe(false);
    expect(again.pid).not.toBe(pid);
    expect(await query(again.url, 'TABLE note')).toEqual([{ text: 'kept' }]);
  });

  it('ends a server that lost its owner and its watchdog, and starts its own', async () => {
    const directory = embedded.directory();
    const service = embedded.service(directory);
    const { pid } = await service.ready();
    const [watchdog] = childrenOf(service.pid).filter((child) => child !== pid);
    process.kill(watchdog ?? 0, 'SIGKILL');
    await service.end('SIGKILL');
    expect(isRunning(pid)).toBe(true);

    const again = await embedded.service(directory).ready();
    expect(again.shared).toBe(false);
    expect(isRunning(pid)).toBe(false);
  });

  it('loses no acknowledged row when service and server are killed together', async () => {
    const directory = embedded.directory();
    const service = embedded.service(directory);
    const { url, pid } = await service.ready();
    await query(url, 'CREATE TABLE note (id int PRIMARY KEY)');
    const acknowledged = writeUntilItBreaks(url, async (count) => {
      if (count !== 500) return;
      process.kill(pid, 'SIGKILL');
      await service.end('SIGKILL');
    });
    expect(await acknowledged).toBeGreaterThanOrEqual(500);

    const again = await embedded.service(directory).ready();
    const [row] = await query(again.url, 'SELECT count(*)::int AS count FROM note');
    expect(row?.count).toBeGreaterThanOrEqual(await acknowledged);
  });

  it('brings a killed server back at the same address while the service lives on', async () => {
    const service = embedded.service(embedded.directory());
    const { url, pid } = await service.ready();
    await query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
    process.kill(pid, 'SIGKILL');

    await until(async () => (await service.now()).pid !== pid && (await answers(url)), 'the server is back');
    expect(await query(url, 'TABLE note')).toEqual([{ text: 'kept' }]);
    expect(await service.now()).toMatchObject({ shared: false });
    expect(await service.end('stop')).toBe(0);
  });
});

/** One committed row after the other; answers how many were acknowledged before the connection broke. */
async function writeUntilItBreaks(url: string, after: (count: number) => Promise<void>): Promise<number> {
  const client = new Client({ connectionString: url });
  let broken = false;
  client.on('error', () => (broken = true));
  await client.connect();
  for (let count = 0; ;) {
    try {
      await client.query('INSERT INTO note VALUES ($1)', [count + 1]);
      count += 1;
    } catch (error) {
      if (count < 500) throw error;
      return count;
    }
    await after(count);
    if (broken) return count;
  }
}
