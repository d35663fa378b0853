import { MIGRATIONS } from '../../migrations/index.js';
import { Migrator } from '../../src/shared/database/index.js';
import { query, scratchDatabase } from '../support/database.js';

const TASK_INDEXES = [
  'idx_tasks_assigned_to',
  'idx_tasks_deadline',
  'idx_tasks_delegated_from',
  'idx_tasks_parent',
  'idx_tasks_tenant_status',
];

/** Everything that the migrations make, as PostgreSQL describes it. */
const CATALOGUE = `
  SELECT 'column' AS kind, c.relname || '.' || a.attname AS name,
      concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)) AS definition
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT 'table', relname, concat_ws(' ', relkind, reloptions, pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid))
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
  UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  ORDER BY 1, 2, 3`;

describe('migrations', () => {
  let url: string;
  let migrator: Migrator;
  beforeAll(async () => {
    url = await scratchDatabase({ empty: true });
    migrator = new Migrator({ url, migrations: MIGRATIONS });
  });

  const indexes = async () =>
    (
      await query<{ indexname: string; indexdef: string }>(
        url,
        'SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY ($1) ORDER BY 1',
        [TASK_INDEXES],
      )
    ).map(({ indexname, indexdef }): [string, string] => [indexname, indexdef]);

  it('leave no difference when they go down and up again, and nothing when they are all down', async () => {
    await migrator.up();
    const before = await query(url, CATALOGUE);
    expect(before.length).toBeGreaterThan(100);

    while (await migrator.down());
    const left = (await query(url, CATALOGUE)).filter((one) => !/migrations/.test(JSON.stringify(one)));
    expect(left).toEqual([]);

    await migrator.up();
    expect(await query(url, CATALOGUE)).toEqual(before);
  });

  it('make the indexes of tasks in one of their own, which drops them all and makes what is absent [S105] [S106] [S107] [S108] [S109] [S120]', async () => {
    await migrator.up();
    const made = await indexes();
    expect(made.map(([name]) => name)).toEqual(TASK_INDEXES);
    for (const [, definition] of made) {
      expect(definition).toMatch(/\(tenant_id, /);
      expect(definition).toMatch(/WHERE .*deleted_at IS NULL/);
    }
    expect(new Map(made).get('idx_tasks_deadline')).toMatch(/deadline IS NOT NULL/);

    for (let undone; undone !== 'TaskIndexes1763900400000';) undone = await migrator.down();
    expect(await indexes()).toEqual([]);

    await query(url, 'CREATE INDEX idx_tasks_parent ON tasks (tenant_id, parent_task_id)');
    await migrator.up();
    expect((await indexes()).map(([name]) => name)).toEqual(TASK_INDEXES);
  });
});

describe('the indexes of tasks', () => {
  let url: string;
  beforeAll(async () => {
    url = await scratchDatabase();
    await query(
      url,
      `INSERT INTO tasks (tenant_id, id, workspace_id, type, title, parameters, status, priority, tags, labels, required_capabilities,
           created_by, open_blockers, ready_at, max_attempts, created_at, updated_at, assigned_to, delegated_from, parent_task_id, deadline)
         SELECT md5((n % 40)::text)::uuid, gen_random_uuid(), gen_random_uuid(), 't', 't', '{}', (ARRAY['pending', 'completed', 'assigned'])[1 + n % 3], n % 5,
           '{}', '{}', '{}', 'x', 0, now(), 3, now() - n * interval '1 s', now(), md5((n % 97)::text)::uuid,
           CASE WHEN n % 10 = 0 THEN md5((n % 97)::text)::uuid END, CASE WHEN n % 10 = 0 THEN md5((n % 997)::text)::uuid END,
           CASE WHEN n % 10 = 0 THEN now() + n * interval '1 s' END
         FROM generate_series(1, 40000) n`,
    );
    await query(url, 'ANALYZE tasks');
  });

  it.each([
    ['idx_tasks_tenant_status', `status = 'assigned'`],
    ['idx_tasks_assigned_to', `assigned_to = md5('3')::uuid AND status = 'assigned'`],
    ['idx_tasks_delegated_from', `delegated_from = md5('10')::uuid`],
    ['idx_tasks_parent', `parent_task_id = md5('10')::uuid`],
    ['idx_tasks_deadline', `deadline < now() + interval '100 s'`],
  ])('%s is used where %s', async (index, condition) => {
    const sql = `EXPLAIN SELECT id FROM tasks WHERE tenant_id = md5('10')::uuid AND ${condition} AND deleted_at IS NULL`;
    const plan = await query<Record<string, string>>(url, sql);
    expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain(index);
  });
});
