import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { PARAMETERS, POOL_SIZE } from '../task.mjs';

/** A row of the same size by `pg` alone: one INSERT a commit, a prepared statement, no event. It has no queue to drain. */
export async function openBarePg(url) {
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE });
  await pool.query(
    'CREATE TABLE bare (id uuid PRIMARY KEY, title text, parameters jsonb, at timestamptz DEFAULT now())',
  );
  const parameters = JSON.stringify(PARAMETERS);
  const text = 'INSERT INTO bare (id, title, parameters) VALUES ($1, $2, $3)';
  return {
    name: 'bare pg insert',
    createOne: () => pool.query({ name: 'insert', text, values: [randomUUID(), 'A task', parameters] }),
    close: () => pool.end(),
  };
}
