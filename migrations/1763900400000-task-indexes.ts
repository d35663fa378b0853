import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes for reading tasks by status, agent, delegation, parent and deadline. */
const INDEXES = {
  idx_tasks_tenant_status: '(tenant_id, status) WHERE deleted_at IS NULL',
  idx_tasks_assigned_to: '(tenant_id, assigned_to, status) WHERE deleted_at IS NULL',
  idx_tasks_delegated_from: '(tenant_id, delegated_from) WHERE delegated_from IS NOT NULL AND deleted_at IS NULL',
  idx_tasks_parent: '(tenant_id, parent_task_id) WHERE parent_task_id IS NOT NULL AND deleted_at IS NULL',
  idx_tasks_deadline: '(tenant_id, deadline) WHERE deadline IS NOT NULL AND deleted_at IS NULL',
};

export class TaskIndexes1763900400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [name, on] of Object.entries(INDEXES)) {
      await runner.query(`CREATE INDEX IF NOT EXISTS ${name} ON tasks ${on}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(INDEXES)) await runner.query(`DROP INDEX IF EXISTS ${name}`);
  }
}
