import { EntityCache } from '../../src/shared/cache/index.js';
import { Metrics } from '../../src/shared/metrics/index.js';
import { startGiven, type Tenant } from '../support/given.js';
import { until } from '../support/until.js';

describe('a cached task', () => {
  const given = startGiven({ nodes: 2 });

  /** How often the first node answered tasks from its cache. */
  const hits = async (): Promise<number> => {
    const { values } = await given.node.get(Metrics).cacheHits.get();
    return values.find(({ labels }) => labels.entity_type === 'task')?.value ?? 0;
  };
  const warmed = async (tenant: Tenant) => {
    const task = await tenant.task();
    for (const node of given.nodes) await node.tasks.get(tenant.caller, task.id);
    return task;
  };
  const rename = ({ caller }: Tenant, id: string, version: number, title: string) =>
    given.node.tasks.update(caller, id, version, { title });

  it('is read from the cache once it was read from the database [S25] [S27] [S29] [S80] [S100]', async () => {
    const tenant = await given.tenant();
    const { id } = await tenant.task();
    const first = await tenant.get(id);
    const before = await hits();
    await tenant.rows('UPDATE tasks SET title = $3 WHERE tenant_id = $1 AND id = $2', id, 'changed behind its back');

    expect(await tenant.get(id)).toEqual(first);
    expect(await hits()).toBe(before + 1);
  });

  it('is new at once on the node that changed it, and soon on the other [S24]', async () => {
    const tenant = await given.tenant();
    const { id } = await warmed(tenant);

    for (let version = 1; version <= 20; version++) {
      await rename(tenant, id, version, `title ${version}`);
      expect((await tenant.get(id)).title).toBe(`title ${version}`);
    }
    await until(async () => (await given.second.tasks.get(tenant.caller, id)).title === 'title 20');
  });

  it('is forgotten after every kind of change, also the one that unblocks it [S24]', async () => {
    const tenant = await given.tenant();
    const ada = await tenant.agent('ada');
    const blocker = await warmed(tenant);
    const blocked = await tenant.task({ dependsOn: [{ taskId: blocker.id }] });
    const seen = async (id: string) => (await tenant.get(id)).status;
    expect((await tenant.get(blocked.id)).openBlockers).toBe(1);

    const [lease] = await tenant.claim(ada);
    const held = { taskId: blocker.id, epoch: lease?.epoch ?? 0 };
    expect(await seen(blocker.id)).toBe('in_progress');
    await given.node.claims.progress(tenant.caller, held, { percent: 40 });
    expect((await tenant.get(blocker.id)).progress).toBe(40);
    await given.node.claims.release(tenant.caller, held);
    expect(await seen(blocker.id)).toBe('pending');
    const [again] = await tenant.claim(ada);
    await given.node.claims.complete(tenant.caller, { taskId: blocker.id, epoch: again?.epoch ?? 0 });
    expect(await seen(blocker.id)).toBe('completed');
    expect((await tenant.get(blocked.id)).openBlockers).toBe(0);
    await given.node.tasks.delete(tenant.caller, blocked.id);
    await expect(tenant.get(blocked.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is not forgotten by a heartbeat', async () => {
    const tenant = await given.tenant();
    const ada = await tenant.agent('ada');
    const { id } = await tenant.task();
    const [lease] = await tenant.claim(ada);
    await tenant.get(id);
    const before = await hits();

    await given.node.claims.heartbeat(tenant.caller, [{ taskId: id, epoch: lease?.epoch ?? 0 }]);
    await tenant.get(id);

    expect(await hits()).toBe(before + 1);
  });

  it('is neither trusted nor filled inside a transaction [S6]', async () => {
    const tenant = await given.tenant();
    const { id } = await warmed(tenant);
    const { transactions, tasks } = given.node;

    const undone = transactions.run({}, async () => {
      await tasks.update(tenant.caller, id, 1, { title: 'inside' });
      expect((await tasks.get(tenant.caller, id)).title).toBe('inside');
      throw new Error('undo');
    });
    await expect(undone).rejects.toThrow('undo');

    expect(await tenant.get(id)).toMatchObject({ title: 'Build it', version: 1 });
    const before = await hits();
    await tenant.get(id);
    expect(await hits()).toBe(before + 1);
  });

  it('never stays old when readers race the writer', async () => {
    const tenant = await given.tenant();
    const { id } = await warmed(tenant);

    for (let version = 1; version <= 100; version++) {
      const reads = Array.from({ length: 3 }, () => tenant.get(id));
      await rename(tenant, id, version, `title ${version}`);
      await Promise.all(reads);
      expect((await tenant.get(id)).version).toBe(version + 1);
    }
  });

  it('is loaded anew where the entry cannot be understood [S26]', async () => {
    const tenant = await given.tenant();
    const { id } = await warmed(tenant);
    const cache = given.node.get(EntityCache);
    const broken = { type: 'task', revive: () => ({ not: 'a task' }) };
    await cache.invalidate('task', tenant.tenantId, [id]);
    await cache.getOrLoad(broken, tenant.tenantId, id, async () => ({ not: 'a task' }));

    expect(await tenant.get(id)).toMatchObject({ id, title: 'Build it' });
  });

  it('belongs to its tenant: the same id of another finds nothing [S25] [S28]', async () => {
    const [tenant, other] = await Promise.all([given.tenant(), given.tenant()]);
    const { id } = await warmed(tenant);

    await expect(other.get(id)).rejects.toMatchObject({ code: 'not_found' });
  });
});
