import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DocumentConflicts1763907000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // What did not merge, with all three sides; a row is settled once.
    await runner.query(`
      CREATE TABLE document_conflicts (
        tenant_id       uuid NOT NULL,
        document_id     uuid NOT NULL,
        id              uuid NOT NULL,
        kind            text NOT NULL CHECK (kind IN ('lines', 'json', 'title', 'recorded')),
        path            text NOT NULL,
        base            text,
        current         text,
        proposed        text,
        base_version    int,
        current_version int,
        base_clock      jsonb NOT NULL DEFAULT '{}',
        current_clock   jsonb NOT NULL DEFAULT '{}',
        proposed_clock  jsonb NOT NULL DEFAULT '{}',
        strategy        text NOT NULL CHECK (strategy IN ('latest_wins', 'merge', 'manual', 'custom')),
        proposed_by     text NOT NULL,
        created_at      timestamptz(3) NOT NULL DEFAULT now(),
        resolution      text CHECK (resolution IN ('current', 'proposed', 'custom')),
        resolved_by     text,
        resolved_at     timestamptz(3),
        PRIMARY KEY (tenant_id, document_id, id)
      )`);
    await runner.query(`
      CREATE INDEX idx_conflicts_open ON document_conflicts (tenant_id, document_id, id) WHERE resolved_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE document_conflicts');
  }
}
