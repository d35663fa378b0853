import type { MigrationInterface, QueryRunner } from 'typeorm';
import { functionSql } from './function-sql.js';

/** Replaced here by their second version. */
const CHANGED = ['task_create', 'task_claim', 'task_heartbeat', 'task_progress', 'task_complete', 'task_end_attempt'];
const ADDED = [
  'append_task_events',
  'task_ended',
  'task_claimed',
  'task_lanes_use',
  'task_lanes_tidy',
  'task_edge_open',
  'task_settle',
  'task_backoff',
  'task_room',
  'task_lock_agents',
  'task_pick',
  'task_take',
  'task_finish',
  'task_cancel',
  'task_deadline',
  'task_flag',
];

const COLUMNS = {
  timeout_seconds: 'int NOT NULL DEFAULT 3600',
  // The end of the running attempt; it moves while the attempt waits for input.
  timeout_at: 'timestamptz(3)',
  // How much of the attempt's time was warned of, in per cent.
  warned: 'smallint NOT NULL DEFAULT 0',
  // When the sweeper has to look at the deadline next: at 75 % and 90 % of the way to it, and at its end.
  due_at: 'timestamptz(3)',
  overdue_at: 'timestamptz(3)',
  retry: 'jsonb',
  dedupe_key: 'text',
  concurrency_key: 'text',
  cancel_requested_at: 'timestamptz(3)',
  cancel_reason: 'text',
  awaiting_since: 'timestamptz(3)',
  input_request: 'jsonb',
  input: 'jsonb',
};

/** The task core: edges with policies, lanes, keys, timeouts, cancelling, input and pauses. */
export class TaskCore1763900500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const name of CHANGED) await runner.query(`DROP FUNCTION ${name}`);
    await tasks(runner);
    await lanes(runner);
    await edges(runner);
    await settings(runner);
    await runner.query(`
      CREATE TYPE task_event AS (feed uuid, type text, subject uuid, actor text, data jsonb, trace text)`);
    for (const name of ADDED) await runner.query(functionSql(name, 1));
    // Plans for the arrays of one call look cheaper than a kept plan, and are made at each call: of 1.3 ms for a single
    // completion and claim 0.6 ms were planning. A kept plan must not be one for a table that was small when it was made.
    await runner.query(
      'ALTER FUNCTION append_events SET plan_cache_mode = force_generic_plan SET enable_seqscan = off',
    );
    for (const name of CHANGED) await runner.query(functionSql(name, 2));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of [...CHANGED, ...ADDED]) await runner.query(`DROP FUNCTION ${name}`);
    await runner.query('DROP TYPE task_event');
    await runner.query('ALTER FUNCTION append_events RESET plan_cache_mode RESET enable_seqscan');
    for (const table of ['task_graphs', 'task_concurrency', 'task_pauses', 'task_lanes']) {
      await runner.query(`DROP TABLE ${table}`);
    }
    await runner.query(`DELETE FROM task_edges WHERE kind IN ('waits_for', 'conditional')`);
    await runner.query('ALTER TABLE task_edges DROP COLUMN on_failure, DROP COLUMN outcome, DROP COLUMN resolved_at');
    for (const name of ['lane', ...Object.keys(COLUMNS)]) await runner.query(`ALTER TABLE tasks DROP COLUMN ${name}`);
    await runner.query('DROP FUNCTION task_lane');
    await runner.query(`
      ALTER TABLE tasks ADD CHECK (priority BETWEEN 0 AND 4), ADD CHECK (open_blockers >= 0)`);
    await runner.query(`
      UPDATE tasks t SET open_blockers = (
        SELECT count(*) FROM task_edges e JOIN tasks b ON b.tenant_id = e.tenant_id AND b.id = e.blocker_id
          WHERE e.tenant_id = t.tenant_id AND e.blocked_id = t.id AND e.kind = 'blocks' AND b.status <> 'completed')`);
    await runner.query(`
      CREATE INDEX idx_tasks_ready ON tasks (tenant_id, priority, ready_at, id)
        WHERE status = 'pending' AND open_blockers = 0 AND deleted_at IS NULL`);
    for (const name of CHANGED) await runner.query(functionSql(name, 1));
  }
}

async function tasks(runner: QueryRunner): Promise<void> {
  // A check is prepared anew for each statement that writes: 10 % of what a claim and a completion cost.
  await runner.query(
    'ALTER TABLE tasks DROP CONSTRAINT tasks_priority_check, DROP CONSTRAINT tasks_open_blockers_check',
  );
  for (const [name, type] of Object.entries(COLUMNS)) await runner.query(`ALTER TABLE tasks ADD ${name} ${type}`);
  await runner.query(`
    UPDATE tasks SET timeout_at = clock_timestamp() + make_interval(secs => timeout_seconds)
      WHERE status = 'in_progress'`);
  await runner.query(`
    UPDATE tasks SET due_at = created_at + (deadline - created_at) * 0.75
      WHERE deadline IS NOT NULL AND completed_at IS NULL`);
  // A task is ready at its run_at, and needs no second look at it.
  await runner.query(`
    UPDATE tasks SET ready_at = run_at WHERE status = 'pending' AND run_at > ready_at`);
  await runner.query(`
    CREATE UNIQUE INDEX idx_tasks_dedupe ON tasks (tenant_id, dedupe_key)
      WHERE dedupe_key IS NOT NULL AND completed_at IS NULL AND deleted_at IS NULL`);
  await runner.query(`
    CREATE INDEX idx_tasks_due ON tasks (tenant_id, due_at)
      WHERE due_at IS NOT NULL AND completed_at IS NULL AND deleted_at IS NULL`);
  // By status, not by lease_expires_at: a column of a predicate would keep heartbeats from staying on their page.
  await runner.query(`
    CREATE INDEX idx_tasks_concurrency ON tasks (tenant_id, concurrency_key)
      WHERE concurrency_key IS NOT NULL AND status IN ('in_progress', 'awaiting_input')`);
}

/** A lane holds the tasks that the same agents can claim: those of one workspace, type and set of capabilities. */
async function lanes(runner: QueryRunner): Promise<void> {
  await runner.query(functionSql('task_lane', 1));
  await runner.query(`
    ALTER TABLE tasks ADD lane uuid NOT NULL
      GENERATED ALWAYS AS (task_lane(workspace_id, type, required_capabilities)) STORED`);
  await runner.query('DROP INDEX idx_tasks_ready');
  await runner.query(`
    CREATE INDEX idx_tasks_ready ON tasks (tenant_id, lane, priority, ready_at, id)
      WHERE status = 'pending' AND open_blockers = 0 AND deleted_at IS NULL`);
  // The marks of task_lanes_tidy, on the way of a lane that is not used any more.
  await runner.query(`
    CREATE TABLE task_lanes (
      tenant_id uuid NOT NULL,
      id uuid NOT NULL,
      workspace_id uuid NOT NULL,
      type text NOT NULL,
      capabilities text[] NOT NULL,
      idle_since timestamptz,
      idle_xact xid8,
      PRIMARY KEY (tenant_id, id)
    )`);
  await runner.query(`
    INSERT INTO task_lanes AS l (tenant_id, id, workspace_id, type, capabilities)
      SELECT DISTINCT tenant_id, lane, workspace_id, type, required_capabilities FROM tasks`);
}

async function edges(runner: QueryRunner): Promise<void> {
  await runner.query(`
    ALTER TABLE task_edges
      ADD on_failure text NOT NULL DEFAULT 'hold', ADD outcome text, ADD resolved_at timestamptz(3)`);
  // An edge without a time blocks; a link never does.
  await runner.query(`
    UPDATE task_edges e SET resolved_at = e.created_at FROM tasks b
      WHERE b.tenant_id = e.tenant_id AND b.id = e.blocker_id AND (e.kind <> 'blocks' OR b.status = 'completed')`);
}

async function settings(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE task_pauses (
      tenant_id uuid NOT NULL,
      scope text NOT NULL CHECK (scope IN ('workspace', 'type', 'agent')),
      subject text NOT NULL,
      reason text,
      paused_by text NOT NULL,
      paused_at timestamptz(3) NOT NULL,
      PRIMARY KEY (tenant_id, scope, subject)
    )`);
  // One row a key, made with its first task: claims lock it while they count.
  await runner.query(`
    CREATE TABLE task_concurrency (
      tenant_id uuid NOT NULL,
      key text NOT NULL,
      max_running int NOT NULL DEFAULT 1 CHECK (max_running >= 0),
      PRIMARY KEY (tenant_id, key)
    )`);
  // Who adds an edge between existing tasks changes the tenant's row first, so that no two close a circle together.
  await runner.query(`
    CREATE TABLE task_graphs (tenant_id uuid PRIMARY KEY, changes bigint NOT NULL) WITH (fillfactor = 50)`);
}
