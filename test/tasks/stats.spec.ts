import { randomUUID } from 'node:crypto';
import {
  InterventionsService,
  type Lease,
  type TaskPage,
  type TaskStatsView,
  type TreeView,
  type WorkloadView,
} from '../../src/tasks/index.js';
import { startGiven, type Tenant } from '../support/given.js';

describe('reports over tasks', () => {
  const given = startGiven();
  const held = ([lease]: Lease[]) => ({ taskId: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 });
  const get = async <T>({ http }: Tenant, path: string): Promise<T> => {
    const { status, body } = await http.get<T>(`/v1/tasks/${path}`);
    expect([path, status]).toEqual([path, 200]);
    return body;
  };

  it('count by status, priority, type and agent, and measure how long tasks take [S1]', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 10 });
    await tenant.task({ type: 'deploy', priority: 'low' });
    for (let n = 0; n < 10; n++) await given.node.claims.complete(tenant.caller, held(await tenant.claim(tenant.ada)));
    // 1 s to 10 s from creation to completion, and half of it until the claim.
    await tenant.rows(
      `UPDATE tasks t SET created_at = completed_at - n * interval '1 second', ready_at = claimed_at - n * interval '0.5 second'
       FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM tasks WHERE tenant_id = $1 AND status = 'completed') o
       WHERE t.tenant_id = $1 AND t.id = o.id`,
    );

    const stats = await get<TaskStatsView>(tenant, 'stats');

    expect(stats).toMatchObject({
      total: 11,
      byStatus: { completed: 10, pending: 1 },
      byPriority: { normal: 10, low: 1 },
      byType: { build: 10, deploy: 1 },
      byAgent: { [tenant.ada.id]: 10 },
      ready: 1,
      completion: {
        count: 10,
        mean: 5.5,
        p50: 5.5,
        p95: expect.closeTo(9.55) as number,
        p99: expect.closeTo(9.91) as number,
      },
      claim: { count: 10, mean: 2.75, p50: 2.75 },
    });
    expect(stats.oldestReadySeconds).toBeGreaterThan(0);
    const { total, byStatus, completion } = await get<TaskStatsView>(tenant, 'stats?type=deploy');
    expect([total, byStatus, completion]).toEqual([1, { pending: 1 }, { count: 0, mean: null, p50: null, p95: null, p99: null }]); // prettier-ignore
    const since = new Date(Date.now() + 60_000).toISOString();
    expect(await get<TaskStatsView>(tenant, `stats?since=${since}`)).toMatchObject({ total: 1, byStatus: { pending: 1 } }); // prettier-ignore
    expect(await get<TaskStatsView>(tenant, `stats?workspaceId=${randomUUID()}`)).toMatchObject({ total: 0 });
  });

  it('tell the workload of one agent, and nothing of the agents of others', async () => {
    const tenant = await given.tenant();
    const bob = await tenant.agent('bob', { capacity: 3 });
    for (let n = 0; n < 3; n++) await tenant.task({ assignedTo: bob.id });
    await given.node.claims.complete(tenant.caller, held(await tenant.claim(bob)));
    await tenant.claim(bob);

    expect(await get<WorkloadView>(tenant, `workload?agentId=${bob.id}`)).toEqual({
      agentId: bob.id,
      status: 'active',
      capacity: 3,
      pending: 1,
      active: 1,
      completedToday: 1,
      meanSeconds: expect.any(Number) as number,
    });
    const other = await given.tenant();
    expect((await other.http.get(`/v1/tasks/workload?agentId=${bob.id}`)).status).toBe(404);
  });

  it('list what is overdue, the oldest first, page by page', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 4 });
    const [late, later, held_, never] = tenant.tasks.map(({ id }) => id);
    const ago = (minutes: number, id: string | undefined, column: string) =>
      tenant.rows(`UPDATE tasks SET ${column} = now() - $3::int * interval '1 minute' WHERE tenant_id = $1 AND id = $2`, id, minutes); // prettier-ignore
    await ago(30, late, 'deadline');
    await ago(20, later, 'deadline');
    await tenant.rows(`UPDATE tasks SET status = 'in_progress', claim_kind = 'human', timeout_at = now() - interval '25 minutes' WHERE tenant_id = $1 AND id = $2`, held_); // prettier-ignore

    const first = await get<TaskPage>(tenant, 'overdue?limit=2');
    const second = await get<TaskPage>(tenant, `overdue?limit=2&after=${first.nextCursor}`);

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual([late, held_, later]);
    expect([first.hasMore, second.hasMore, never !== undefined]).toEqual([true, false, true]);
  });

  it('list the children of a task in order, and what is below it down to a depth', async () => {
    const tenant = await given.tenant();
    const root = await tenant.task({ title: 'root' });
    const child = (title: string, parent: { id: string }) => tenant.task({ title, parentTaskId: parent.id });
    const a = await child('a', root);
    const b = await child('b', root);
    const aa = await child('aa', a);
    await child('aaa', aa);
    await given.node.get(InterventionsService).cancel(tenant.caller, b.id);

    const page = await get<TaskPage>(tenant, `${root.id}/subtasks?limit=1`);
    const rest = await get<TaskPage>(tenant, `${root.id}/subtasks?after=${page.nextCursor}`);
    expect([...page.items, ...rest.items].map(({ title }) => title)).toEqual(['a', 'b']);

    const titles = ({ descendants }: TreeView) => descendants.map(({ task, depth }) => [depth, task.title]);
    const tree = await get<TreeView>(tenant, `${root.id}/tree`);
    expect([tree.task.title, tree.truncated]).toEqual(['root', false]);
    expect(titles(tree)).toEqual([[1, 'a'], [1, 'b'], [2, 'aa'], [3, 'aaa']]); // prettier-ignore
    expect(titles(await get<TreeView>(tenant, `${root.id}/tree?depth=2`))).toEqual([[1, 'a'], [1, 'b'], [2, 'aa']]); // prettier-ignore
    expect((await tenant.http.get(`/v1/tasks/${randomUUID()}/tree`)).status).toBe(404);
  });
});
