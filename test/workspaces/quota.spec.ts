import type { Caller } from '../../src/shared/auth/index.js';
import { WorkspacesService } from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';

const LIMIT = 12;

describe('the number of workspaces', () => {
  const given = startGiven({ nodes: 2, settings: { MUSTER_WORKSPACES_LIMIT: String(LIMIT) } });

  async function scene() {
    const tenant = await given.tenant();
    const ada: Caller = { tenantId: tenant.tenantId, actorId: 'ada', scopes: ['workspaces:write'] };
    const services = [given.node.get(WorkspacesService), given.second.get(WorkspacesService)];
    const create = (n: number) => services[n % 2]?.create(ada, { name: `w ${n}` });
    const count = async () => {
      const [row] = await tenant.rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM workspaces WHERE tenant_id = $1 AND deleted_at IS NULL`,
      );
      return row?.n;
    };
    return { ...tenant, ada, create, count, workspaces: given.node.get(WorkspacesService) };
  }

  it('is never passed, whoever of hundreds on two nodes comes at once, and is reached', async () => {
    const { create, count } = await scene();
    const results = await Promise.allSettled(Array.from({ length: 200 }, (_, n) => create(n)));
    const made = outcomes(results).filter((one) => one === 'fulfilled');
    // The default one is counted too.
    expect(made).toHaveLength(LIMIT - 1);
    expect(new Set(outcomes(results))).toEqual(new Set(['fulfilled', 'quota_exceeded']));
    expect(await count()).toBe(LIMIT);
  });

  it('is of each tenant, and a deleted one makes room', async () => {
    const { ada, create, count, workspaces, http } = await scene();
    const [first] = await Promise.all(Array.from({ length: LIMIT - 1 }, (_, n) => create(n)));
    expect(await http.post('/v1/workspaces', { name: 'one more' })).toMatchObject({
      status: 429,
      body: { code: 'quota_exceeded', limit: LIMIT },
    });
    expect((await (await given.tenant()).http.post('/v1/workspaces', { name: 'one more' })).status).toBe(201);

    await workspaces.delete(ada, first?.id ?? '');
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => create(100 + n)));
    expect(outcomes(results).filter((one) => one === 'fulfilled')).toHaveLength(1);
    expect(await count()).toBe(LIMIT);
  });

  it('is not taken by what was rolled back or refused', async () => {
    const { ada, create, workspaces, count } = await scene();
    for (let n = 0; n < LIMIT - 2; n++) await create(n);
    const failed = given.node.transactions.run({}, async () => {
      await workspaces.create(ada, { name: 'lost' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await expect(workspaces.create(ada, { name: 'w 1' })).rejects.toMatchObject({ code: 'already_exists' });
    await workspaces.create(ada, { name: 'last' });
    expect(await count()).toBe(LIMIT);
  });
});
