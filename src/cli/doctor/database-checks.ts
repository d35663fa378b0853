import { Client } from 'pg';
import { count } from '../text.js';
import type { Check, Examination, Finding, Patient } from './finding.js';

export const databaseChecks: readonly Check[] = [{ name: 'database', run: database }];

const SHOWN = 5;

/** Open tasks whose number of open blockers is not what their edges say. Across tenants: it is the operator who asks. */
const WRONG_COUNTS = `
  SELECT t.tenant_id, t.id, t.open_blockers AS kept, count(b.id)::int AS found
  FROM tasks t
  LEFT JOIN task_edges e ON e.tenant_id = t.tenant_id AND e.blocked_id = t.id AND e.kind = 'blocks'
  LEFT JOIN tasks b ON b.tenant_id = e.tenant_id AND b.id = e.blocker_id AND b.status <> 'completed'
  WHERE t.deleted_at IS NULL AND t.status = ANY ('{pending,assigned,accepted,rejected,in_progress,awaiting_input}')
  GROUP BY t.tenant_id, t.id HAVING t.open_blockers <> count(b.id)`;

/** Pending tasks that wait for one which ended without being completed. */
const DEAD_ENDS = `
  SELECT DISTINCT t.tenant_id, t.id, b.id AS blocker, b.status
  FROM tasks t
  JOIN task_edges e ON e.tenant_id = t.tenant_id AND e.blocked_id = t.id AND e.kind = 'blocks'
  JOIN tasks b ON b.tenant_id = e.tenant_id AND b.id = e.blocker_id
  WHERE t.deleted_at IS NULL AND t.status = 'pending' AND t.open_blockers > 0
    AND b.status = ANY ('{failed,cancelled,timeout}')`;

async function database({ database: wanted }: Patient): Promise<Examination> {
  if (!wanted) {
    return { detail: 'not looked into: give --database where the database is', findings: [], skipped: true };
  }
  const { withDatabase } = await import('../operator.js');
  return withDatabase(async ({ url, migrator }) => {
    const { applied, pending } = await migrator.status();
    const detail = `${count(applied.length, 'migration')} applied, ${pending.length} pending`;
    if (pending.length > 0) {
      const what = `Migrations are pending: ${pending.join(', ')}.`;
      return { detail, findings: [{ severity: 'error', what, mend: 'Run: muster migrate up' }] };
    }
    return { detail, findings: await integrity(url) };
  });
}

async function integrity(url: string): Promise<Finding[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // One snapshot for both, and no way to change anything.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const wrong = await client.query<{ id: string; kept: number; found: number }>(WRONG_COUNTS);
    const ends = await client.query<{ id: string; blocker: string; status: string }>(DEAD_ENDS);
    await client.query('COMMIT');
    return [...wrongCounts(wrong.rows), ...deadEnds(ends.rows)];
  } finally {
    await client.end();
  }
}

function wrongCounts(rows: readonly { id: string; kept: number; found: number }[]): Finding[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, SHOWN).map(({ id, kept, found }) => `${id} (${kept}, its edges say ${found})`);
  const what = `${count(rows.length, 'task')} with a wrong number of open blockers: ${shown.join(', ')}.`;
  return [{ severity: 'error', what, mend: 'Such a task may wait for ever or start too early. Report this.' }];
}

function deadEnds(rows: readonly { id: string; blocker: string; status: string }[]): Finding[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, SHOWN).map(({ id, blocker, status }) => `${id} for ${blocker} (${status})`);
  const what = `${count(rows.length, 'task')} waiting for what will not be completed: ${shown.join(', ')}.`;
  return [{ severity: 'warning', what, mend: 'Make the blocking work anew, or delete what waits for it.' }];
}
