/** Ids in the order of time, as Muster makes them, somewhat in the past. */
const ID = `(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - 3600000 + g), 12, '0') || '7' || substr(md5(random()::text), 1, 3)
  || 'a' || substr(md5(random()::text), 1, 15))::uuid`;

/**
 * Copies a task `count` times by SQL, which is faster than making them. `changes` are pairs of SQL for jsonb_build_object
 * in which `g` counts up; the copies became ready before anything made now.
 */
export async function copies(node, { task, count, changes = '' }) {
  const [{ columns }] = await node.sql(
    `SELECT string_agg(attname, ', ') AS columns FROM pg_attribute
     WHERE attrelid = 'tasks'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
  );
  await node.sql(
    `INSERT INTO tasks (${columns}) SELECT ${columns.replaceAll(/(\w+)/g, 'r.$1')} FROM tasks t, generate_series(1, $2::int) g,
       LATERAL jsonb_populate_record(t, jsonb_build_object(
         'id', ${ID}, 'ready_at', t.ready_at - interval '1 hour' + g * interval '1 millisecond'${changes && `, ${changes}`})) r
     WHERE t.id = $1`,
    [task.id, count],
  );
  await node.sql(
    `INSERT INTO task_lanes SELECT DISTINCT tenant_id, lane, workspace_id, type, required_capabilities FROM tasks
     ON CONFLICT DO NOTHING`,
  );
}

export const vacuum = (node) => node.sql('VACUUM ANALYZE');
