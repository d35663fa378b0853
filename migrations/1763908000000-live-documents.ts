import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

export class LiveDocuments1763908000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(functionSql('document_live_append', 1));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION document_live_append');
  }
}
