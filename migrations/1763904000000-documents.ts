import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Documents1763904000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // `content` is the whole text of a versioned document, and of a live one the text that was last kept for readers
    // and search.
    await runner.query(`
      CREATE TABLE shared_documents (
        tenant_id        uuid NOT NULL,
        id               uuid NOT NULL,
        workspace_id     uuid NOT NULL,
        kind             text NOT NULL CHECK (kind IN ('versioned', 'live')),
        title            text NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
        content_type     text NOT NULL CHECK (content_type IN ('text', 'markdown', 'json', 'yaml', 'code')),
        content          text NOT NULL DEFAULT '',
        bytes            int NOT NULL DEFAULT 0,
        vector_clock     jsonb NOT NULL DEFAULT '{}',
        labels           jsonb NOT NULL DEFAULT '{}',
        version          int NOT NULL DEFAULT 1,
        created_by       text NOT NULL,
        last_modified_by text NOT NULL,
        created_at       timestamptz(3) NOT NULL DEFAULT now(),
        updated_at       timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at       timestamptz(3),
        search           tsvector NOT NULL GENERATED ALWAYS AS (
          setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', left(content, 200000)), 'B')) STORED,
        PRIMARY KEY (tenant_id, id)
      )`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS idx_documents_workspace
        ON shared_documents (tenant_id, workspace_id, created_at, id) WHERE deleted_at IS NULL`);

    await runner.query(`
      CREATE INDEX IF NOT EXISTS idx_documents_search ON shared_documents USING gin (search) WHERE deleted_at IS NULL`);

    // Numbered 1, 2, 3 … in each document; the lock on the document's row keeps the numbers, so the index need not be
    // unique on a distributed server, and no counter column leaves dead versions behind.
    await runner.query(`
      CREATE TABLE document_operations (
        tenant_id      uuid NOT NULL,
        document_id    uuid NOT NULL,
        sequence       bigint NOT NULL,
        id             uuid NOT NULL,
        operation_type text NOT NULL CHECK (operation_type IN ('insert', 'delete', 'update', 'move', 'format', 'merge')),
        path           text,
        value          jsonb,
        payload        bytea,
        agent_id       text NOT NULL,
        task_id        uuid,
        epoch          int,
        vector_clock   jsonb NOT NULL DEFAULT '{}',
        version        int,
        created_at     timestamptz(3) NOT NULL DEFAULT now(),
        applied_at     timestamptz(3)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX IF NOT EXISTS idx_operations_document_seq
        ON document_operations (tenant_id, document_id, sequence)`);
    await runner.query(`
      CREATE UNIQUE INDEX IF NOT EXISTS idx_operations_id ON document_operations (tenant_id, document_id, id)`);
    await runner.query(`
      CREATE INDEX idx_operations_version
        ON document_operations (tenant_id, document_id, version) WHERE version IS NOT NULL`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS idx_operations_pending
        ON document_operations (tenant_id, document_id, sequence) WHERE applied_at IS NULL`);

    // A document as it was after its operation `sequence`.
    await runner.query(`
      CREATE TABLE document_snapshots (
        tenant_id    uuid NOT NULL,
        document_id  uuid NOT NULL,
        sequence     bigint NOT NULL,
        id           uuid NOT NULL,
        version      int NOT NULL,
        title        text NOT NULL,
        content      text,
        payload      bytea,
        bytes        int NOT NULL,
        vector_clock jsonb NOT NULL DEFAULT '{}',
        label        text,
        created_by   text NOT NULL,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, document_id, sequence, id)
      )`);

    // What changes more often than its feed should tell: how far it is, and how far the feed was told.
    await runner.query(`
      CREATE TABLE change_notices (
        tenant_id    uuid NOT NULL,
        subject_id   uuid NOT NULL,
        event_type   text NOT NULL,
        feed_id      uuid NOT NULL,
        reached      bigint NOT NULL,
        announced    bigint NOT NULL DEFAULT 0,
        announced_at timestamptz(3) NOT NULL DEFAULT '-infinity',
        actor_id     text NOT NULL,
        PRIMARY KEY (tenant_id, subject_id, event_type)
      )`);
    await runner.query(`
      CREATE INDEX idx_change_notices_due ON change_notices (announced_at) WHERE reached > announced`);

    // What a tenant may have so many of; whoever adds to them locks the row, so that they are counted right.
    await runner.query(`
      CREATE TABLE quotas (tenant_id uuid NOT NULL, subject text NOT NULL, PRIMARY KEY (tenant_id, subject))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['quotas', 'change_notices', 'document_snapshots', 'document_operations', 'shared_documents']) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}
