import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SharedState1763906000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // One row a workspace. As text, for equal states have equal texts, which jsonb would write in another order. Its
    // lock puts all writers in a row, so the server is one replica in it, however many nodes there are.
    await runner.query(`
      CREATE TABLE shared_states (
        tenant_id    uuid NOT NULL,
        workspace_id uuid NOT NULL,
        sequence     bigint NOT NULL DEFAULT 0,
        state        text NOT NULL DEFAULT '{"context":{},"entries":{}}',
        updated_by   text,
        updated_at   timestamptz(3),
        PRIMARY KEY (tenant_id, workspace_id)
      )`);

    // What came with an id of its sender's, for a day or more: a repeat is known by it, and must have the same digest.
    await runner.query(`
      CREATE TABLE shared_state_operations (
        tenant_id    uuid NOT NULL,
        workspace_id uuid NOT NULL,
        id           text NOT NULL,
        digest       bytea NOT NULL,
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, workspace_id, id)
      )`);
    await runner.query(`
      CREATE INDEX idx_shared_state_operations_age
        ON shared_state_operations (tenant_id, workspace_id, created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['shared_state_operations', 'shared_states']) await runner.query(`DROP TABLE ${table}`);
  }
}
