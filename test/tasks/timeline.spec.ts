import { type Lease, type TimelineView } from '../../src/tasks/index.js';
import { startGiven, type Tenant } from '../support/given.js';

describe('GET /v1/tasks/{id}/timeline', () => {
  const given = startGiven();
  const held = ([lease]: Lease[]) => ({ taskId: lease?.task.id ?? '', epoch: lease?.epoch ?? 0 });
  const page = async ({ http }: Tenant, id: string, query = ''): Promise<TimelineView> => {
    const { status, body } = await http.get<TimelineView>(`/v1/tasks/${id}/timeline?${query}`);
    expect(status).toBe(200);
    return body;
  };
  const all = async (tenant: Tenant, id: string, limit: number): Promise<string[]> => {
    const types: string[] = [];
    for (let query = `limit=${limit}`; ;) {
      const { items, nextCursor, hasMore } = await page(tenant, id, query);
      expect(items.length).toBeLessThanOrEqual(limit);
      types.push(...items.map(({ type }) => type));
      if (!hasMore) return types;
      query = `limit=${limit}&after=${nextCursor}`;
    }
  };

  it('tells the events of one task in order, and every attempt, whatever happened around it', async () => {
    const tenant = await given.workspace({ agents: ['ada'], tasks: 30 });
    const task = await tenant.task({ priority: 'critical' });
    const { claims } = given.node;
    await claims.fail(tenant.caller, held(await tenant.claim(tenant.ada)), { code: 'x', message: 'y' });
    await tenant.task();
    const running = await page(tenant, task.id);
    expect(running.items.map(({ type }) => type)).toEqual(['task.created', 'task.claimed', 'task.attempt_failed']);
    const lease = held(await tenant.claim(tenant.ada));
    expect((await page(tenant, task.id)).attempts.map(({ outcome }) => outcome)).toEqual(['failed', null]);
    await claims.complete(tenant.caller, lease);
    for (let n = 0; n < 30; n++) await tenant.task();

    const expected = ['task.created', 'task.claimed', 'task.attempt_failed', 'task.claimed', 'task.completed'];
    const { items, attempts, hasMore } = await page(tenant, task.id);
    expect([items.map(({ type }) => type), hasMore]).toEqual([expected, false]);
    expect(items.every(({ subject }) => subject === `task/${task.id}`)).toBe(true);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
    for (const limit of [1, 2, 5]) expect(await all(tenant, task.id, limit)).toEqual(expected);
    expect(await tenant.events.of(task.id)).toEqual(expected);
  });

  it('finds the beginning and the end in a long feed without reading what lies before and after', async () => {
    const tenant = await given.tenant();
    await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: 2_000 }, () => ({ type: 'a', title: 'b' })),
    );
    const task = await tenant.task();
    await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: 2_000 }, () => ({ type: 'a', title: 'b' })),
    );
    // As if hours lay between them.
    await tenant.rows(
      `UPDATE events SET time = time + CASE WHEN seq < 2001 THEN interval '-3 hours' WHEN seq > 2001 THEN interval '3 hours'
         ELSE interval '0' END WHERE tenant_id = $1 AND feed_id = $2`,
      tenant.workspace.id,
    );
    expect(await all(tenant, task.id, 10)).toEqual(['task.created']);
    await tenant.rows(`UPDATE tasks SET status = 'cancelled', completed_at = updated_at WHERE tenant_id = $1 AND id = $2`, task.id); // prettier-ignore
    expect(await all(tenant, task.id, 1)).toEqual(['task.created']);
  });
});
