import { randomUUID } from 'node:crypto';
import type { Agent } from '../../src/agents/index.js';
import { type AggregatesApp, startAggregatesApp } from '../support/aggregates-app.js';
import type { Customer } from '../support/auth-app.js';

describe('changing an agent', () => {
  let app: AggregatesApp;
  let ada: Customer;
  let agent: Agent;
  beforeAll(async () => (app = await startAggregatesApp()));
  beforeEach(async () => {
    ada = await app.customer();
    ({ agent } = await app.agents.register(ada.admin, { name: 'ada', capabilities: ['sql'], capacity: 2 }));
  });
  afterAll(() => app.stop());

  const update = (version: number, capacity: number) => app.agents.update(ada.admin, agent.id, version, { capacity });

  it('raises the version, and everybody sees the new row at once [S57]', async () => {
    await app.agents.get(ada.admin, agent.id);
    const changed = await app.agents.update(ada.admin, agent.id, 1, { capabilities: ['Go', 'go'], capacity: null });

    expect(changed).toMatchObject({ capabilities: ['go'], capacity: null, version: 2 });
    expect(await app.agents.get(ada.admin, agent.id)).toEqual(changed);
    expect((await app.eventsOf(ada.tenantId, ada.tenantId)).at(-1)).toMatchObject({
      type: 'agent.updated',
      data: { name: 'ada', changes: { capabilities: ['go'], capacity: null }, version: 2 },
    });
  });

  it('lets one of a hundred updates of one version win, and tells the others the current one [S58][S123]', async () => {
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, index) => update(1, index + 1)));

    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refusals).toHaveLength(99);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: 'stale_version', details: { givenVersion: 1, currentVersion: 2 } });
    }
    expect((await app.agents.get(ada.admin, agent.id)).version).toBe(2);
    expect(await app.eventsOf(ada.tenantId, ada.tenantId)).toHaveLength(2);
  });

  it('tells a stale version from an agent that is not there [S61][S121]', async () => {
    const bob = await app.customer();

    await expect(update(7, 1)).rejects.toMatchObject({ code: 'stale_version' });
    await expect(app.agents.update(ada.admin, randomUUID(), 1, { capacity: 1 })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(app.agents.update(bob.admin, agent.id, 1, { capacity: 1 })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(app.agents.update(ada.admin, agent.id, 1, {})).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('hides a deleted agent from every read and change [S60]', async () => {
    await app.agents.get(ada.admin, agent.id);
    await app.agents.delete(ada.admin, agent.id);

    const gone = { code: 'not_found' };
    await expect(app.agents.get(ada.admin, agent.id)).rejects.toMatchObject(gone);
    await expect(app.agents.getForClaim(ada.tenantId, agent.id)).rejects.toMatchObject(gone);
    await expect(app.agents.heartbeat(ada.admin, agent.id)).rejects.toMatchObject(gone);
    await expect(app.agents.changeStatus(ada.admin, agent.id, 'draining')).rejects.toMatchObject(gone);
    await expect(app.agents.delete(ada.admin, agent.id)).rejects.toMatchObject(gone);
    expect((await app.agents.list(ada.admin)).items).toEqual([]);
  });

  it('leaves row, log and cache as they were when the transaction is rolled back', async () => {
    await app.agents.get(ada.admin, agent.id);
    const tx = await app.transactions.begin();
    await tx.execute(async () => {
      await app.agents.update(ada.admin, agent.id, 1, { capacity: 9 });
      expect((await app.agents.get(ada.admin, agent.id)).capacity).toBe(9);
    });
    expect((await app.agents.get(ada.admin, agent.id)).capacity).toBe(2);
    await tx.rollback();

    expect(await app.agents.get(ada.admin, agent.id)).toEqual(agent);
    expect(await app.eventsOf(ada.tenantId, ada.tenantId)).toHaveLength(1);
  });

  it('reads and writes through a bound repository, which keeps uncommitted rows out of the cache [S4][S5][S6]', async () => {
    const tx = await app.transactions.begin();
    const bound = app.repositories.agents.withTx(tx);
    const changed = await bound.update(ada.tenantId, agent.id, 1, { capacity: 9 });

    expect(await bound.get(ada.tenantId, agent.id)).toEqual(changed);
    expect((await app.repositories.agents.get(ada.tenantId, agent.id)).capacity).toBe(2);
    await tx.commit();
    expect(await app.repositories.agents.get(ada.tenantId, agent.id)).toEqual(changed);
  });
});
