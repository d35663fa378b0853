import { once } from 'node:events';
import type { DrainFigures } from '../../src/cli/fleet/drain-statistics.js';
import type { Drained } from '../../src/cli/fleet/fleet.js';
import type { Verdict } from '../../src/cli/verify/checker.js';
import { cliOf, muster, startMuster } from '../support/cli.js';
import { query } from '../support/database.js';
import { describeWithData } from '../support/data.js';
import { startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

type Summary = DrainFigures & {
  late: Drained['late'];
  left: Drained['left'] | null;
  verdict: Verdict;
  servers: number;
};

const CLEAN = { clean: true, violations: [], unknownBlockers: 0 };
const NOTHING_LEFT = { blocked: 0, scheduled: 0, beyond: 0, ofOthers: 0 };

/** How many tasks there are of each status. */
async function statuses(tenant: Tenant): Promise<Record<string, number>> {
  const sql = 'SELECT status, count(*)::int AS n FROM tasks WHERE tenant_id = $1 GROUP BY 1';
  const rows = await tenant.rows<{ status: string; n: number }>(sql);
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
}

describe('fleet', () => {
  const given = startGiven({ nodes: 2 });

  describeWithData('on the real backlog', 'backlog.jsonl', (backlog) => {
    it('drains it with twenty agents on two nodes, each task once and none before its blockers', async () => {
      const tenant = await given.tenant();
      await cliOf(tenant)('import', backlog);

      const urls = given.nodes.flatMap(({ url }) => ['--url', url]);
      const run = await muster([
        '--json',
        '--key',
        tenant.key,
        ...urls,
        'fleet',
        '--agents',
        '20',
        '--work-ms',
        '1..10',
      ]);
      expect([run.code, run.stderr]).toEqual([0, '']);
      expect(run.json<Summary>()).toMatchObject({
        servers: 2,
        completed: 339,
        lostLeases: 0,
        failedAttempts: 0,
        longestChain: 9,
        left: null,
        verdict: { ...CLEAN, tasks: 2657, claims: 339, completions: 339, lost: 0, rows: 2657 },
      });
      expect(await statuses(tenant)).toEqual({ completed: 2657 });
    });

    it('drains it although agents fail and die, and refuses what the dead ask for when they are back', async () => {
      const tenant = await given.tenant();
      const cli = cliOf(tenant);
      await cli('import', backlog);
      const rates = ['--die-rate', '0.05', '--fail-rate', '0.03', '--lease-seconds', '1', '--work-ms', '1..10'];
      const { code, json } = await cli('fleet', '--agents', '20', ...rates);

      const { late, left, verdict, completed, failed, lostLeases } = json<Summary>();
      expect([code, verdict]).toMatchObject([0, CLEAN]);
      // One in twenty of 339 attempts and more: that not one dies has a chance of 1 in 10 million.
      expect(late.asked).toBeGreaterThan(0);
      expect(late.refused).toBe(late.asked);
      // On a slow machine a heartbeat may come too late as well.
      expect(lostLeases).toBeGreaterThanOrEqual(late.asked);
      // A task may use its three attempts up; what waits for it is told.
      const blocked = left?.blocked ?? 0;
      expect(left ?? NOTHING_LEFT).toEqual({ ...NOTHING_LEFT, blocked });
      expect(await statuses(tenant)).toEqual({
        completed: 2318 + completed,
        ...(failed > 0 && { failed }),
        ...(blocked > 0 && { pending: blocked }),
      });
    });
  });

  it('ends, and says why, when what is left cannot be done by it', async () => {
    const tenant = await given.tenant();
    const never = await tenant.task({ requiredCapabilities: ['go'] });
    await tenant.task({ dependsOn: [{ taskId: never.id }] });
    await tenant.task({ runAt: new Date(Date.now() + 3_600_000) });
    const zoe = await tenant.agent('zoe');
    await tenant.task({ assignedTo: zoe.id });
    await tenant.task();

    const { code, json } = await cliOf(tenant)('fleet', '--agents', '3');
    expect(code).toBe(0);
    expect(json<Summary>()).toMatchObject({
      completed: 1,
      left: { blocked: 1, scheduled: 1, beyond: 1, ofOthers: 1 },
      verdict: CLEAN,
    });
  });

  it('keeps long work by heartbeats', async () => {
    const tenant = await given.workspace({ tasks: 2 });
    const { json } = await cliOf(tenant)('fleet', '--agents', '2', '--lease-seconds', '1', '--work-ms', '2500');
    expect(json<Summary>()).toMatchObject({ completed: 2, lostLeases: 0, verdict: CLEAN });
  });

  it('exits with 4 when the log does not bear the history out', async () => {
    const tenant = await given.workspace({ tasks: 3 });
    // An event that is gone, as a defect of the server would leave it.
    await query(given.node.databaseUrl, `DELETE FROM events WHERE tenant_id = $1 AND feed_id = $2 AND seq = 2`, [
      tenant.tenantId,
      tenant.workspace.id,
    ]);
    const run = await cliOf(tenant).text('fleet', '--agents', '2');
    expect(run.code).toBe(4);
    expect(run.stdout).toMatch(/VERDICT NOT CLEAN: .*\n {2}sequence_gap .*: event 3, 3 follows 1\n/);
  });

  it('tells people how far it is, and the summary', async () => {
    const tenant = await given.workspace({ tasks: 20 });
    const { stdout, stderr } = await cliOf(tenant).text('fleet', '--agents', '4', '--work-ms', '20..40');
    expect(stderr).toMatch(/^(\d+ completed, [\d?]+ open, \d of 4 agents at work, \d+\/s, \d+ s\n)+$/);
    expect(stdout).toMatch(/^fleet +4 agents on 1 server\ncompleted +20 tasks in .*\nVERDICT clean: each task once/s);
  });

  it('finishes what it holds when it is interrupted', async () => {
    const tenant = await given.workspace({ tasks: 30 });
    const fleet = startMuster(['--json', 'fleet', '--agents', '2', '--work-ms', '300'], cliOf(tenant));
    const closed = once(fleet, 'close');
    await until(async () => ((await statuses(tenant)).completed ?? 0) > 0, 'a task is completed');
    fleet.kill('SIGINT');

    expect(await closed).toEqual([130, null]);
    const { completed = 0, pending = 0, ...others } = await statuses(tenant);
    expect(others).toEqual({});
    expect([completed + pending, pending > 0]).toEqual([30, true]);
  });
});
