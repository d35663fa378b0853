import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WorkspaceState1763903000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // One row a version; the newest is the state. Its key decides which of two writers of a version comes first, and no
    // row is rewritten.
    await runner.query(`
      CREATE TABLE workspace_states (
        tenant_id     uuid NOT NULL,
        workspace_id  uuid NOT NULL,
        state_version int NOT NULL CHECK (state_version >= 1),
        state         jsonb NOT NULL,
        bytes         int NOT NULL,
        updated_by    text NOT NULL,
        updated_at    timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, workspace_id, state_version)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE workspace_states');
  }
}
