import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WorkspacePlaces1763905000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await activity(runner);
    await presence(runner);
    await locks(runner);
    // Without an extension. Signs stand between words, so that `build-lab` is found by `lab`. Another tenant's rows are
    // left out after the look, so this one pays off for a tenant of many workspaces; one of few is read through the key.
    await runner.query(`
      CREATE INDEX idx_workspaces_search ON workspaces
        USING gin (to_tsvector('simple', translate(name || ' ' || coalesce(description, ''), '-_./:@#', '       ')))
        WHERE deleted_at IS NULL`);
    await runner.query(
      'CREATE INDEX idx_workspaces_deleted ON workspaces (tenant_id, deleted_at) WHERE deleted_at IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX idx_workspaces_deleted');
    await runner.query('DROP INDEX idx_workspaces_search');
    await runner.query(`
      ALTER TABLE workspaces DROP COLUMN lock_holder, DROP COLUMN lock_token, DROP COLUMN lock_reason,
        DROP COLUMN locked_at, DROP COLUMN lock_expires_at`);
    await runner.query('DROP TABLE workspace_presence');
    await runner.query('DROP INDEX idx_workspace_activity_age');
    await runner.query('DROP INDEX idx_workspace_activity_actor');
  }
}

async function activity(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE INDEX idx_workspace_activity_actor
      ON workspace_activity (tenant_id, workspace_id, actor_id, at DESC, id DESC)`);
  // Rows come in the order of their times, so a few kilobytes tell where the old ones lie.
  await runner.query('CREATE INDEX idx_workspace_activity_age ON workspace_activity USING brin (at)');
}

async function presence(runner: QueryRunner): Promise<void> {
  // No index holds expires_at and pages keep room, so that a renewal rewrites the row within its page.
  await runner.query(`
    CREATE TABLE workspace_presence (
      tenant_id    uuid NOT NULL,
      workspace_id uuid NOT NULL,
      member_id    text NOT NULL,
      status       text NOT NULL CHECK (status IN ('online', 'away', 'busy', 'offline')),
      on_type      text,
      on_id        text,
      since        timestamptz(3) NOT NULL DEFAULT now(),
      expires_at   timestamptz(3) NOT NULL,
      PRIMARY KEY (tenant_id, workspace_id, member_id),
      FOREIGN KEY (tenant_id, workspace_id, member_id)
        REFERENCES workspace_members (tenant_id, workspace_id, member_id) ON DELETE CASCADE
    ) WITH (fillfactor = 70)`);
  await runner.query(`
    CREATE INDEX idx_workspace_presence_there ON workspace_presence (tenant_id, workspace_id, member_id)
      WHERE status <> 'offline'`);
}

async function locks(runner: QueryRunner): Promise<void> {
  await runner.query(`
    ALTER TABLE workspaces
      ADD COLUMN lock_holder     text,
      ADD COLUMN lock_token      int NOT NULL DEFAULT 0,
      ADD COLUMN lock_reason     text,
      ADD COLUMN locked_at       timestamptz(3),
      ADD COLUMN lock_expires_at timestamptz(3)`);
  await runner.query(`
    CREATE INDEX idx_workspaces_locked ON workspaces (tenant_id, lock_expires_at) WHERE lock_holder IS NOT NULL`);
}
