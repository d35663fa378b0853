import type { Examination } from '../../src/cli/doctor/finding.js';
import { cliOf, muster } from '../support/cli.js';
import { scratchDatabase } from '../support/database.js';
import { startGiven } from '../support/given.js';

interface Report {
  healthy: boolean;
  checks: (Examination & { name: string })[];
}

describe('doctor', () => {
  // Of its own: the integrity checks read across tenants.
  const given = startGiven({ database: () => scratchDatabase() });

  const findings = ({ checks }: Report): string[] =>
    checks.flatMap(({ name, findings }) => findings.map(({ severity, what }) => `${name} ${severity}: ${what}`));

  it('finds nothing wrong with a sound server', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 3 });
    const { code, json } = await cliOf(tenant)('doctor');
    const report = json<Report>();
    expect([code, report.healthy, findings(report)]).toEqual([0, true, []]);
    expect(report.checks.map(({ name, skipped }) => [name, skipped === true])).toEqual([
      ['connection', false],
      ['version', false],
      ['readiness', false],
      ['clock', false],
      ['leases', false],
      ['ready work', false],
      ['integrity', false],
      ['feeds', false],
      ['database', true],
    ]);
  });

  it('finds work that nobody can do', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    await tenant.task({ requiredCapabilities: ['go'] });
    await tenant.rows(`UPDATE tasks SET ready_at = ready_at - interval '20 min' WHERE tenant_id = $1`);
    const { code, json } = await cliOf(tenant)('doctor');
    expect([code, findings(json<Report>())]).toEqual([
      4,
      ['ready work warning: 1 task ready for long: no active agent can do go.'],
    ]);
    expect((await cliOf(tenant)('doctor', '--stuck-after', '30')).code).toBe(0);
  });

  it('finds a gap in a feed', async () => {
    const tenant = await given.workspace({ tasks: 3 });
    await tenant.rows('DELETE FROM events WHERE tenant_id = $1 AND feed_id = $2 AND seq = 2', tenant.workspace.id);
    const { stdout, code } = await cliOf(tenant).text('doctor');
    expect(code).toBe(4);
    expect(stdout).toMatch(
      /^PROBLEM +feeds: .*\n {2}error: The feed of workspace default has 3 after 1\.\n {4}Events were/m,
    );
  });

  it('finds what contradicts itself, by the report of the server and with the database [S99]', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 1 });
    const [blocker] = tenant.tasks;
    const waiting = await tenant.task({ dependsOn: [{ taskId: blocker?.id ?? '' }] });
    const env = { ...cliOf(tenant).env, DATABASE_URL: given.node.databaseUrl };
    const examine = async () => {
      const run = await muster(['--json', 'doctor', '--database'], { env });
      return [run.code, findings(run.json<Report>())];
    };
    expect(await examine()).toEqual([0, []]);

    await tenant.rows('UPDATE tasks SET open_blockers = 0 WHERE tenant_id = $1 AND id = $2', waiting.id);
    const wrong = `open_blockers is 0, and 1 edges block it`;
    expect(await examine()).toEqual([
      4,
      [
        `integrity error: wrong_blocker_count, 1 time: The task ${waiting.id}: ${wrong}.`,
        `database error: wrong_blocker_count, 1 time: ${waiting.id} ${wrong}`,
      ],
    ]);
  });

  it('says what the key may not see', async () => {
    const tenant = await given.tenant();
    const key = await tenant.keyFor('tasks:read');
    const { code, json } = await cliOf({ ...tenant, key })('doctor');
    const skipped = json<Report>().checks.filter((check) => check.skipped);
    expect([code, skipped.map(({ name }) => name)]).toEqual([0, ['ready work', 'integrity', 'feeds', 'database']]);
    expect(skipped[0]?.detail).toMatch(/^the key may not: /);
  });
});
