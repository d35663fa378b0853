import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WorkspaceMembers1763901000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE workspace_members (
        tenant_id        uuid NOT NULL,
        workspace_id     uuid NOT NULL,
        member_id        text NOT NULL CHECK (length(member_id) BETWEEN 1 AND 256),
        kind             text NOT NULL CHECK (kind IN ('agent', 'human', 'service')),
        role             text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'commenter', 'viewer', 'guest')),
        permissions      text[] NOT NULL DEFAULT '{}',
        added_by         text NOT NULL,
        joined_at        timestamptz(3) NOT NULL DEFAULT now(),
        last_activity_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at       timestamptz(3) NOT NULL DEFAULT now(),
        version          int NOT NULL DEFAULT 1,
        PRIMARY KEY (tenant_id, workspace_id, member_id)
      )`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS idx_workspace_members_workspace
        ON workspace_members (tenant_id, workspace_id, joined_at, member_id)`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS idx_workspace_members_agent
        ON workspace_members (tenant_id, member_id, workspace_id)`);

    await runner.query(`
      CREATE TABLE workspace_activity (
        tenant_id    uuid NOT NULL,
        workspace_id uuid NOT NULL,
        id           uuid NOT NULL,
        type         text NOT NULL CHECK (length(type) BETWEEN 1 AND 100),
        actor_id     text NOT NULL,
        details      jsonb NOT NULL DEFAULT '{}',
        at           timestamptz(3) NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant_id, workspace_id, id)
      )`);
    await runner.query(`
      CREATE INDEX IF NOT EXISTS idx_workspace_activity
        ON workspace_activity (tenant_id, workspace_id, at DESC, id DESC)`);

    // Whoever made a workspace owns it. The default one belongs to the system, and to everybody of the tenant.
    await runner.query(`
      INSERT INTO workspace_members (tenant_id, workspace_id, member_id, kind, role, added_by, joined_at)
        SELECT tenant_id, id, created_by, 'service', 'owner', created_by, created_at FROM workspaces
        WHERE name <> 'default' AND deleted_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE workspace_activity');
    await runner.query('DROP TABLE workspace_members');
  }
}
