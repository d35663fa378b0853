import { AgentsService } from '../../src/agents/index.js';
import {
  DispatchService,
  EdgesService,
  InputsService,
  type IntegrityReportView,
  InterventionsService,
  type IssueType,
  type Lease,
  Sweeper,
} from '../../src/tasks/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { startGiven, type Tenant } from '../support/given.js';

const LATER = 3_600_000;

describe('GET /v1/tasks/integrity', () => {
  // Of its own: an index is dropped, so that what it forbids can be planted.
  const given = startGiven({ database: () => scratchDatabase() });

  const report = async ({ http }: Tenant): Promise<IntegrityReportView> => {
    const { status, body } = await http.get<IntegrityReportView>('/v1/tasks/integrity');
    expect(status).toBe(200);
    return body;
  };
  const held = ([lease]: Lease[]) => ({ taskId: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 });
  /** A held task, a task that waits, its blocker, and a parent with its child; nothing wrong. */
  const sound = async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const work = await tenant.task({ priority: 'critical', concurrencyKey: 'k' });
    await tenant.claim(tenant.ada);
    const blocker = await tenant.task();
    const waiting = await tenant.task({ dependsOn: [{ taskId: blocker.id }] });
    return { ...tenant, work, blocker, waiting };
  };
  type Sound = Awaited<ReturnType<typeof sound>>;

  it.each<[IssueType, string, (of: Sound) => string]>([
    [
      'wrong_blocker_count',
      'UPDATE tasks SET open_blockers = 2 WHERE tenant_id = $1 AND id = $2',
      (of) => of.waiting.id,
    ],
    ['stale_edge', `UPDATE tasks SET status = 'completed', completed_at = now() WHERE tenant_id = $1 AND id = $2`, (of) => of.blocker.id], // prettier-ignore
    ['edge_to_nothing', 'DELETE FROM tasks WHERE tenant_id = $1 AND id = $2', (of) => of.blocker.id],
    [
      'dependency_cycle',
      `WITH e AS (INSERT INTO task_edges (tenant_id, blocker_id, blocked_id, kind, created_at)
         SELECT tenant_id, blocked_id, blocker_id, kind, now() FROM task_edges WHERE tenant_id = $1)
       UPDATE tasks SET open_blockers = 1 WHERE tenant_id = $1 AND id = $2`,
      (of) => of.blocker.id,
    ],
    [
      'held_without_lease',
      'UPDATE tasks SET lease_expires_at = NULL WHERE tenant_id = $1 AND id = $2',
      (of) => of.work.id,
    ],
    [
      'lease_without_holder',
      'UPDATE tasks SET lease_expires_at = now() WHERE tenant_id = $1 AND id = $2',
      (of) => of.blocker.id,
    ],
    ['holder_deleted', 'UPDATE agents SET deleted_at = now() WHERE tenant_id = $1 AND id = $2', (of) => of.ada.id],
    ['missing_lane', 'DELETE FROM task_lanes WHERE tenant_id = $1 AND $2::uuid IS NOT NULL', (of) => of.ada.id],
    ['concurrency_key_over_limit', 'UPDATE task_concurrency SET max_running = 0 WHERE tenant_id = $1 AND $2::uuid IS NOT NULL', (of) => of.ada.id], // prettier-ignore
    ['attempt_gap', 'UPDATE tasks SET epoch = 3 WHERE tenant_id = $1 AND id = $2', (of) => of.work.id],
    [
      'end_without_time',
      'UPDATE tasks SET completed_at = now() WHERE tenant_id = $1 AND id = $2',
      (of) => of.blocker.id,
    ],
    ['stuck_parent', `INSERT INTO tasks (tenant_id, id, workspace_id, type, title, parameters, status, priority, tags, labels,
         required_capabilities, parent_task_id, created_by, open_blockers, ready_at, max_attempts, created_at, updated_at, completed_at)
       SELECT tenant_id, gen_random_uuid(), workspace_id, type, title, '{}', 'completed', 2, '{}', '{}', '{}', id, 'x', 0, now(), 3,
         now(), now(), now() FROM tasks WHERE tenant_id = $1 AND id = $2`, (of) => of.blocker.id], // prettier-ignore
  ])('finds %s [S99]', async (type, sql, subject) => {
    const tenant = await sound();
    expect((await report(tenant)).issues).toEqual([]);

    await tenant.rows(sql, subject(tenant));

    const { issues, truncated } = await report(tenant);
    expect(new Set(issues.map((issue) => issue.type))).toEqual(new Set([type]));
    expect(truncated).toBe(false);
    for (const { severity, message, fix, entity } of issues) {
      expect(['error', 'warning']).toContain(severity);
      expect([message.length > 20, fix.length > 20, entity.id.length > 0]).toEqual([true, true, true]);
    }
  });

  it('finds what the sweeper overlooked [S99]', async () => {
    const tenant = await sound();
    // As nobody sweeps what is of no tenant's time: the row is read in the same moment in which it is planted.
    const planted = await given.node.transactions.run({}, async () => {
      const { dataSource } = given.node.transactions.current() ?? {};
      await dataSource?.query(
        `UPDATE tasks SET lease_expires_at = now() - interval '2 minutes' WHERE tenant_id = $1 AND id = $2`,
        [tenant.tenantId, tenant.work.id],
      );
      await dataSource?.query(
        `UPDATE tasks SET deadline = now() - interval '2 minutes', due_at = NULL WHERE tenant_id = $1 AND id = $2`,
        [tenant.tenantId, tenant.blocker.id],
      );
      const { INTEGRITY_CHECKS } = await import('../../src/tasks/index.js');
      const found: string[] = [];
      for (const { type, sql } of INTEGRITY_CHECKS) {
        const rows = (await dataSource?.query(sql, [tenant.tenantId, 10])) as unknown[];
        if (rows.length > 0) found.push(type);
      }
      return found;
    });
    expect(planted).toEqual(['lease_not_taken_back', 'deadline_not_met']);
  });

  it('finds two open tasks with one dedupe key [S99]', async () => {
    const tenant = await sound();
    await query(given.node.databaseUrl, 'DROP INDEX idx_tasks_dedupe');
    await tenant.rows(`UPDATE tasks SET dedupe_key = 'same' WHERE tenant_id = $1`);
    const { issues } = await report(tenant);
    expect(issues.map(({ type }) => type)).toEqual(['duplicate_dedupe_key']);
  });

  it('shows a hundred issues of a type, and that there are more', async () => {
    const tenant = await given.tenant();
    const tasks = Array.from({ length: 120 }, () => ({ type: 'a', title: 'b' }));
    await given.node.tasks.createBatch(tenant.caller, tasks);
    await tenant.rows('UPDATE tasks SET open_blockers = 1 WHERE tenant_id = $1');
    const { issues, truncated, checked } = await report(tenant);
    expect([issues.length, truncated, checked.tasks]).toEqual([100, true, 120]);
  });

  it('is for admins', async () => {
    const tenant = await given.tenant();
    const key = await tenant.keyFor('read', 'write');
    const { status } = await fetch(`${given.node.url}/v1/tasks/integrity`, {
      headers: { authorization: `Bearer ${key}` },
    });
    expect(status).toBe(403);
  });

  it('finds nothing after a history with every operation [S99]', async () => {
    const tenant = await given.workspace({ agents: ['ada', 'bob'] });
    const { caller, ada, bob } = tenant;
    const { claims, tasks } = given.node;
    const [edges, inputs, interventions] = [given.node.get(EdgesService), given.node.get(InputsService), given.node.get(InterventionsService)]; // prettier-ignore
    for (let n = 0; n < 12; n++) {
      const first = await tenant.task({ concurrencyKey: `k${n % 2}`, maxAttempts: 1 + (n % 3), dedupeKey: `d${n}` });
      const on = (onFailure: 'hold' | 'fail' | 'skip' | 'proceed') => ({
        dependsOn: [{ taskId: first.id, onFailure }],
      });
      const after = [await tenant.task(on('hold')), await tenant.task(on('fail')), await tenant.task(on('skip')), await tenant.task(on('proceed'))]; // prettier-ignore
      const parent = await tenant.task({ assignedTo: bob.id, deadline: new Date(Date.now() + LATER) });
      const child = await tenant.task({ parentTaskId: parent.id, runAt: new Date(Date.now() + LATER) });
      if (after[0]) await edges.add(caller, child.id, { taskId: after[0].id, kind: 'waits_for' });
      if (n % 4 === 0) await edges.remove(caller, child.id, after[0]?.id ?? '', 'waits_for');
      const lease = held(await tenant.claim(n % 2 ? ada : bob));
      await claims.progress(caller, lease, { percent: 10 });
      await inputs.awaitInput(caller, lease, 'which?');
      if (n % 6 === 5) await interventions.cancel(caller, lease.taskId, { reason: 'x' });
      else {
        await inputs.giveInput(caller, lease.taskId, 'this');
        if (n % 6 === 0) await claims.complete(caller, lease, { n });
        if (n % 6 === 1) await claims.fail(caller, lease, { code: 'x', message: 'y', retryable: n > 6 });
        if (n % 6 === 2) await claims.release(caller, lease, 'later');
        if (n % 6 === 3) await interventions.cancel(caller, lease.taskId, { reason: 'x', tree: true });
      }
      if (n === 8) await interventions.cancel(caller, parent.id, { tree: true });
    }
    await given.node.get(DispatchService).setLimit(caller, 'k0', 5);
    await tenant.rows(`UPDATE tasks SET lease_expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND status = 'in_progress'`); // prettier-ignore
    await given.node.get(Sweeper).sweep();
    await interventions.retryMany(caller, { types: ['build'] });
    for (;;) {
      const [lease] = await tenant.claim(ada);
      if (!lease) break;
      await claims.completeAndClaim(caller, held([lease]), null, { agentId: bob.id });
    }
    const page = await tasks.list(caller, { status: ['pending'], limit: 1 });
    expect(page.items).not.toEqual([]);
    await given.node.get(AgentsService).list(caller);

    const { issues, checked } = await report(tenant);
    expect(issues.filter(({ type }) => type !== 'stuck_parent')).toEqual([]);
    expect(checked).toMatchObject({ tasks: 84, concurrencyKeys: 2 });
  });
});
