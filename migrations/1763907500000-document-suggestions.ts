import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DocumentSuggestions1763907500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // `base` is kept while the suggestion is open: the log of its version may be compacted meanwhile.
    await runner.query(`
      CREATE TABLE document_suggestions (
        tenant_id        uuid NOT NULL,
        document_id      uuid NOT NULL,
        id               uuid NOT NULL,
        status           text NOT NULL DEFAULT 'open'
                         CHECK (status IN ('open', 'accepted', 'rejected', 'superseded')),
        author_id        text NOT NULL,
        edits            jsonb NOT NULL,
        reason           text,
        base_version     int NOT NULL,
        content_type     text NOT NULL,
        base             text,
        created_at       timestamptz(3) NOT NULL DEFAULT now(),
        decided_by       text,
        decided_at       timestamptz(3),
        note             text,
        accepted_version int,
        superseded_by    uuid,
        PRIMARY KEY (tenant_id, document_id, id),
        CHECK ((status = 'open') = (base IS NOT NULL)),
        CHECK ((status = 'open') = (decided_at IS NULL))
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE document_suggestions');
  }
}
