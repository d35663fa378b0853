// A process that migrates the database it is given, slowly enough for others to come in between, and tells what it did.
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Migrator } from '../../src/shared/database/migrator.js';

class Slow1700000000001 implements MigrationInterface {
  up = (runner: QueryRunner) => runner.query('CREATE TABLE slow AS SELECT 1 AS one FROM pg_sleep(0.5)');
  down = (runner: QueryRunner) => runner.query('DROP TABLE slow');
}

void new Migrator({ url: process.argv[2] ?? '', migrations: [Slow1700000000001] })
  .up()
  .then((applied) => process.send?.(applied));
