import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WorkspacesAndAgents1763900200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE workspaces (
        tenant_id   uuid NOT NULL,
        id          uuid NOT NULL,
        name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        description text,
        visibility  text NOT NULL CHECK (visibility IN ('private', 'team', 'public')),
        status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'archived')),
        labels      jsonb NOT NULL DEFAULT '{}',
        created_by  text NOT NULL,
        created_at  timestamptz(3) NOT NULL DEFAULT now(),
        updated_at  timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at  timestamptz(3),
        version     int NOT NULL DEFAULT 1,
        PRIMARY KEY (tenant_id, id)
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX idx_workspaces_name ON workspaces (tenant_id, name) WHERE deleted_at IS NULL',
    );
    await runner.query(
      'CREATE INDEX idx_workspaces_created ON workspaces (tenant_id, created_at, id) WHERE deleted_at IS NULL',
    );

    // last_seen_at stands in no index and pages keep room, so that a heartbeat rewrites the row within its page.
    await runner.query(`
      CREATE TABLE agents (
        tenant_id    uuid NOT NULL,
        id           uuid NOT NULL,
        name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        kind         text NOT NULL CHECK (kind IN ('agent', 'human', 'service')),
        status       text NOT NULL CHECK
          (status IN ('offline', 'starting', 'active', 'draining', 'inactive', 'maintenance', 'error')),
        capabilities text[] NOT NULL DEFAULT '{}' CHECK (cardinality(capabilities) <= 64),
        capacity     int CHECK (capacity >= 1),
        labels       jsonb NOT NULL DEFAULT '{}',
        last_seen_at timestamptz(3) NOT NULL DEFAULT now(),
        created_at   timestamptz(3) NOT NULL DEFAULT now(),
        updated_at   timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at   timestamptz(3),
        version      int NOT NULL DEFAULT 1,
        PRIMARY KEY (tenant_id, id)
      ) WITH (fillfactor = 70)`);
    await runner.query('CREATE UNIQUE INDEX idx_agents_name ON agents (tenant_id, name) WHERE deleted_at IS NULL');
    // Status, kind and capabilities have none: a tenant has a thousand agents by default, read through this one.
    await runner.query(
      'CREATE INDEX idx_agents_created ON agents (tenant_id, created_at, id) WHERE deleted_at IS NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE agents');
    await runner.query('DROP TABLE workspaces');
  }
}
