import { Client } from 'pg';
import { count } from '../text.js';
import type { Check, Examination, Finding, Patient } from './finding.js';
import { finding } from './integrity-check.js';

export const databaseChecks: readonly Check[] = [{ name: 'database', run: database }];

/** Issues of one type and tenant that are looked for; a finding names a few. */
const LIMIT = 100;

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

/** The checks of the server's own report, tenant by tenant: it is the operator who asks. */
async function integrity(url: string): Promise<Finding[]> {
  const { INTEGRITY_CHECKS } = await import('../../tasks/index.js');
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // One snapshot for all, and no way to change anything.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const tenants = await client.query<{ id: string }>('SELECT DISTINCT tenant_id AS id FROM tasks ORDER BY 1');
    const findings: Finding[] = [];
    for (const { id: tenantId } of tenants.rows) {
      for (const { type, severity, sql, fix } of INTEGRITY_CHECKS) {
        const { rows } = await client.query<{ id: string; message: string }>(sql, [tenantId, LIMIT]);
        if (rows.length > 0) findings.push(finding({ type, severity, fix }, rows));
      }
    }
    await client.query('COMMIT');
    return findings;
  } finally {
    await client.end();
  }
}
