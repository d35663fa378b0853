import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Attendance1763900800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Set while somebody attends the agent: without a sign of life for so long it is offline. It is the same with every
    // sign of life, and no index holds last_seen_at, so that those still rewrite the row within its page.
    await runner.query('ALTER TABLE agents ADD COLUMN offline_after_ms int');
    await runner.query(`
      CREATE INDEX idx_agents_attended ON agents (tenant_id, id)
      WHERE offline_after_ms IS NOT NULL AND deleted_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX idx_agents_attended');
    await runner.query('ALTER TABLE agents DROP COLUMN offline_after_ms');
  }
}
