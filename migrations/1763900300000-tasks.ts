import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

const FUNCTIONS = ['task_create', 'task_claim', 'task_heartbeat', 'task_progress', 'task_complete', 'task_end_attempt'];

/**
 * Tasks, the edges between them and their ended attempts. No foreign keys: each insert would look up and lock the
 * workspace's row, and what they would guard is checked in the statements that write.
 */
export class Tasks1763900300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // fillfactor: a task is updated three times in its life, and the room keeps most updates on their page.
    await runner.query(`
      CREATE TABLE tasks (
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        workspace_id uuid NOT NULL,
        type text NOT NULL,
        title text NOT NULL,
        description text,
        parameters jsonb NOT NULL,
        status text NOT NULL,
        priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 4),
        tags text[] NOT NULL,
        labels jsonb NOT NULL,
        required_capabilities text[] NOT NULL,
        parent_task_id uuid,
        assigned_to uuid,
        delegated_from uuid,
        created_by text NOT NULL,
        external_ref text,
        run_at timestamptz(3),
        deadline timestamptz(3),
        open_blockers int NOT NULL CHECK (open_blockers >= 0),
        ready_at timestamptz(3) NOT NULL,
        max_attempts int NOT NULL,
        attempt int NOT NULL DEFAULT 0,
        epoch int NOT NULL DEFAULT 0,
        claim_kind text,
        claimed_at timestamptz(3),
        lease_seconds int,
        lease_expires_at timestamptz(3),
        started_at timestamptz(3),
        completed_at timestamptz(3),
        progress smallint NOT NULL DEFAULT 0,
        progress_message text,
        partial_result jsonb,
        result jsonb,
        error jsonb,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        deleted_at timestamptz(3),
        version int NOT NULL DEFAULT 1,
        PRIMARY KEY (tenant_id, id)
      ) WITH (fillfactor = 70)`);
    await runner.query(`
      CREATE INDEX idx_tasks_ready ON tasks (tenant_id, priority, ready_at, id)
        WHERE status = 'pending' AND open_blockers = 0 AND deleted_at IS NULL`);
    // For the sweeper. The lease's end stays out of it, so that a heartbeat changes no index.
    await runner.query(
      `CREATE INDEX idx_tasks_held ON tasks (tenant_id) WHERE status = 'in_progress' AND deleted_at IS NULL`,
    );
    await runner.query(`
      CREATE INDEX idx_tasks_created ON tasks (tenant_id, created_at, id) WHERE deleted_at IS NULL`);

    await runner.query(`
      CREATE TABLE task_edges (
        tenant_id uuid NOT NULL,
        blocker_id uuid NOT NULL,
        blocked_id uuid NOT NULL,
        kind text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        PRIMARY KEY (tenant_id, blocker_id, blocked_id, kind)
      )`);
    await runner.query(`CREATE INDEX idx_task_edges_blocked ON task_edges (tenant_id, blocked_id)`);

    // The running attempt is the task's own lease; a row is written when it ends, so an attempt costs no update.
    await runner.query(`
      CREATE TABLE task_attempts (
        tenant_id uuid NOT NULL,
        task_id uuid NOT NULL,
        epoch int NOT NULL,
        agent_id uuid NOT NULL,
        claim_kind text NOT NULL,
        claimed_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3) NOT NULL,
        outcome text NOT NULL,
        error jsonb,
        PRIMARY KEY (tenant_id, task_id, epoch)
      )`);

    for (const name of FUNCTIONS) await runner.query(functionSql(name, 1));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of FUNCTIONS) await runner.query(`DROP FUNCTION ${name}`);
    await runner.query('DROP TABLE task_attempts');
    await runner.query('DROP TABLE task_edges');
    await runner.query('DROP TABLE tasks');
  }
}
