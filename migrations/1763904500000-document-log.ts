import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

export class DocumentLog1763904500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(functionSql('document_record', 1));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION document_record');
  }
}
