import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { type Migration, Migrator, UnknownMigrations } from '../../src/shared/database/index.js';
import { query, scratchDatabase } from '../support/database.js';

class First1700000000001 implements MigrationInterface {
  up = (runner: QueryRunner) => runner.query('CREATE TABLE first (id int)');
  down = (runner: QueryRunner) => runner.query('DROP TABLE first');
}
class Second1700000000002 implements MigrationInterface {
  up = (runner: QueryRunner) => runner.query('CREATE TABLE second (id int)');
  down = (runner: QueryRunner) => runner.query('DROP TABLE second');
}
/** As an index built beside the traffic needs it. */
class Concurrent1700000000003 implements MigrationInterface {
  readonly transaction = false as const;
  up = (runner: QueryRunner) => runner.query('CREATE INDEX CONCURRENTLY first_id ON first (id)');
  down = (runner: QueryRunner) => runner.query('DROP INDEX CONCURRENTLY first_id');
}
class Failing1700000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id int)');
    await runner.query('SELECT 1 / 0');
  }
  down = () => Promise.resolve();
}

describe('migrations', () => {
  let url: string;

  beforeEach(async () => (url = await scratchDatabase({ empty: true })));

  const migrator = (...migrations: Migration[]): Migrator => new Migrator({ url, migrations });
  const tables = async (): Promise<unknown[]> =>
    (
      await query(
        url,
        `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`,
      )
    )
      .map((row) => row.relname)
      .filter((name) => name !== 'migrations');

  it('are applied in order, once', async () => {
    const all = migrator(First1700000000001, Second1700000000002);
    expect(await all.up()).toEqual(['First1700000000001', 'Second1700000000002']);
    expect(await all.up()).toEqual([]);
    expect(await tables()).toEqual(['first', 'second']);
  });

  it('are undone one at a time, the newest first', async () => {
    const all = migrator(First1700000000001, Second1700000000002);
    await all.up();
    expect(await all.down()).toBe('Second1700000000002');
    expect(await tables()).toEqual(['first']);
    expect(await all.down()).toBe('First1700000000001');
    expect(await all.down()).toBeUndefined();
    expect(await tables()).toEqual([]);
  });

  it('are listed, without a change to the database', async () => {
    const all = migrator(First1700000000001, Second1700000000002);
    expect(await all.status()).toEqual({ applied: [], pending: ['First1700000000001', 'Second1700000000002'] });
    expect(await query(url, `SELECT to_regclass('migrations') AS made`)).toEqual([{ made: null }]);

    await migrator(First1700000000001).up();
    expect(await all.status()).toEqual({ applied: ['First1700000000001'], pending: ['Second1700000000002'] });
  });

  it('may build an index beside the traffic', async () => {
    await migrator(First1700000000001, Concurrent1700000000003).up();

    expect(await query(url, `SELECT indisvalid FROM pg_index WHERE indexrelid = 'first_id'::regclass`)).toEqual([
      { indisvalid: true },
    ]);
  });

  it('that fail leave what was before them and nothing of themselves', async () => {
    await expect(migrator(First1700000000001, Failing1700000000004).up()).rejects.toThrow('division by zero');

    expect(await tables()).toEqual(['first']);
    expect((await migrator(First1700000000001, Second1700000000002).status()).applied).toEqual(['First1700000000001']);
  });

  it('of a newer version are refused, both ways', async () => {
    await migrator(First1700000000001, Second1700000000002).up();
    const older = migrator(First1700000000001);

    await expect(older.up()).rejects.toThrow(UnknownMigrations);
    await expect(older.down()).rejects.toThrow(UnknownMigrations);
    await expect(older.status()).rejects.toThrow(UnknownMigrations);
    expect(await tables()).toEqual(['first', 'second']);
  });

  it('are applied once by many processes that start together', async () => {
    const nodes = await Promise.all(Array.from({ length: 4 }, () => migrateInAProcess(url)));

    expect(nodes.flat()).toEqual(['Slow1700000000001']);
    expect(await query(url, 'SELECT name FROM migrations')).toEqual([{ name: 'Slow1700000000001' }]);
  });

  it('of this project can be applied, undone to nothing and applied again', async () => {
    const { MIGRATIONS } = await import('../../migrations/index.js');
    const all = migrator(...MIGRATIONS);
    const applied = await all.up();
    expect(applied).toHaveLength(MIGRATIONS.length);
    while (await all.down());
    expect(await tables()).toEqual([]);
    expect(await all.up()).toEqual(applied);
  });
});

/** Answers what that process applied. */
async function migrateInAProcess(url: string): Promise<string[]> {
  const child = fork(join(__dirname, '../support/slow-migration.ts'), [url], {
    execArgv: ['-r', join(__dirname, '../support/run-ts.cjs')],
  });
  const exit = once(child, 'exit');
  const [applied] = (await Promise.race([once(child, 'message'), exit])) as [string[]];
  await exit;
  return applied;
}
