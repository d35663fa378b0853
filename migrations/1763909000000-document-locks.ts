import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DocumentLocks1763909000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // One row a grant. The last one of a document stays when it has ended, so that its token is never given again.
    await runner.query(`
      CREATE TABLE document_locks (
        tenant_id   uuid NOT NULL,
        document_id uuid NOT NULL,
        token       bigint NOT NULL,
        id          uuid NOT NULL,
        mode        text NOT NULL CHECK (mode IN ('exclusive', 'shared', 'section')),
        section     text CHECK ((mode = 'section') = (section IS NOT NULL)),
        holder      text NOT NULL,
        acquired_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
        expires_at  timestamptz(3) NOT NULL,
        released_at timestamptz(3),
        PRIMARY KEY (tenant_id, document_id, token)
      )`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS idx_documents_lock ON document_locks (tenant_id, document_id) WHERE released_at IS NULL`);
    await runner.query(`
      CREATE INDEX idx_document_locks_holder ON document_locks (tenant_id, holder) WHERE released_at IS NULL`);

    // Who waits for a lock, in the order in which they came. A waiter that is not heard of any more is passed over.
    await runner.query(`
      CREATE TABLE document_lock_waits (
        tenant_id   uuid NOT NULL,
        document_id uuid NOT NULL,
        id          uuid NOT NULL,
        mode        text NOT NULL,
        section     text,
        holder      text NOT NULL,
        joined_at   timestamptz(6) NOT NULL DEFAULT clock_timestamp(),
        seen_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (tenant_id, document_id, id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE document_lock_waits');
    await runner.query('DROP TABLE document_locks');
  }
}
