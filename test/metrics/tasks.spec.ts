import { InterventionsService, type Lease, Sweeper } from '../../src/tasks/index.js';
import { scratchDatabase } from '../support/database.js';
import { startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

describe('metrics of tasks', () => {
  // Of its own: the gauges are of all tenants.
  const given = startGiven({ database: () => scratchDatabase() });

  const held = ([lease]: Lease[]) => ({ taskId: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 });
  const read = async (): Promise<Map<string, number>> => {
    const text = await (await fetch(`${given.node.url}/metrics`)).text();
    const samples = [...text.matchAll(/^muster_(\S+) (\S+)$/gm)];
    return new Map(samples.map(([, name = '', value]) => [name, Number(value)]));
  };
  const fail = async (tenant: Tenant & { ada: Parameters<Tenant['claim']>[0] }, retryable: boolean) => {
    const lease = held(await tenant.claim(tenant.ada));
    await given.node.claims.fail(tenant.caller, lease, { code: 'x', message: 'y', retryable });
  };

  it('count what happens to tasks, and show how much there is [S98][S143]', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 3 });
    const { caller, ada } = tenant;
    const follows = await tenant.task({ dependsOn: [{ taskId: tenant.tasks[0]?.id ?? '', onFailure: 'fail' }] });
    await fail(tenant, true);
    await fail(tenant, false);
    expect((await tenant.get(follows.id)).status).toBe('pending');
    await tenant.rows(`UPDATE tasks SET ready_at = ready_at - interval '100 seconds' WHERE tenant_id = $1`);
    const first = held(await tenant.claim(ada));
    await given.node.claims.completeAndClaim(caller, first, null, { agentId: ada.id });
    await tenant.rows(`UPDATE tasks SET lease_expires_at = now() - interval '1 second' WHERE tenant_id = $1 AND status = 'in_progress'`); // prettier-ignore
    await given.node.get(Sweeper).sweep();
    await given.node.get(InterventionsService).retryMany(caller, { types: ['build'] });

    const metrics = await read();
    const at = (name: string) => metrics.get(name);
    expect(at('tasks_created_total')).toBe(4);
    expect(at('tasks_claimed_total{kind="agent"}')).toBe(4);
    expect(at('tasks_claimed_total{kind="human"}')).toBe(0);
    expect(at('tasks_ended_total{status="completed"}')).toBe(1);
    expect(at('task_attempts_ended_total{outcome="failed"}')).toBe(2);
    expect(at('task_attempts_ended_total{outcome="completed"}')).toBe(1);
    expect(at('task_attempts_ended_total{outcome="expired"}')).toBe(1);
    expect(at('task_retries_total{cause="request"}')).toBe(1);
    expect(at('task_wait_seconds_count')).toBe(4);
    expect(at('task_run_seconds_count{outcome="completed"}')).toBe(1);
    expect(at('agents{status="active"}')).toBe(1);
    expect(at('task_pauses{scope="type"}')).toBe(0);
    expect(at('tasks_dead{status="failed"}')).toBeDefined();
    expect(at('tasks_oldest_ready_seconds')).toBeGreaterThanOrEqual(0);
    expect(at('batch_wait_seconds_count{operation="claims.claim"}')).toBeGreaterThan(0);
    expect(Number(at('tasks_open{status="pending"}')) + Number(at('tasks_open{status="in_progress"}'))).toBeGreaterThan(0); // prettier-ignore
  });

  it('say which node leads', async () => {
    await until(async () => (await read()).get('leader{seat="task-sweeper"}') === 1);
  });

  it('count nothing that was rolled back, and a dependant that an edge failed as a dead letter', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    const before = await read();
    await expect(
      given.node.transactions.run({}, async () => {
        await tenant.task();
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    const { id } = await tenant.task({ maxAttempts: 1 });
    await tenant.task({ dependsOn: [{ taskId: id, onFailure: 'fail' }] });
    await fail(tenant, true);

    const after = await read();
    const more = (name: string) => Number(after.get(name)) - Number(before.get(name));
    expect(more('tasks_created_total')).toBe(2);
    expect(more('tasks_ended_total{status="failed"}')).toBe(2);
  });
});
