import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

export class DocumentWrite1763909500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(functionSql('document_write', 1));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION document_write');
  }
}
