import { randomUUID } from 'node:crypto';
import { type AggregatesApp, startAggregatesApp } from '../support/aggregates-app.js';
import type { Customer } from '../support/auth-app.js';

describe('registering an agent', () => {
  let app: AggregatesApp;
  let ada: Customer;
  beforeAll(async () => (app = await startAggregatesApp()));
  beforeEach(async () => (ada = await app.customer()));
  afterAll(() => app.stop());

  it('makes an active agent that may claim at once', async () => {
    const { agent, created } = await app.agents.register(ada.admin, {
      name: 'ada',
      capabilities: [' SQL', 'sql', 'Go'],
    });

    expect(created).toBe(true);
    expect(agent).toMatchObject({
      tenantId: ada.tenantId,
      name: 'ada',
      kind: 'agent',
      status: 'active',
      capabilities: ['go', 'sql'],
      capacity: null,
      labels: {},
      version: 1,
      deletedAt: null,
    });
    expect(agent.createdAt).toEqual(agent.updatedAt);
    expect(await app.agents.getForClaim(ada.tenantId, agent.id)).toEqual(agent);
    expect(await app.eventsOf(ada.tenantId, ada.tenantId)).toEqual([
      expect.objectContaining({
        seq: 1,
        type: 'agent.registered',
        subjectId: agent.id,
        actorId: ada.admin.actorId,
        data: {
          name: 'ada',
          kind: 'agent',
          status: 'active',
          capabilities: ['go', 'sql'],
          capacity: null,
          labels: {},
          version: 1,
        },
      }),
    ]);
  });

  it('gives the same agent for the same name, and changes only what was sent', async () => {
    const first = await app.agents.register(ada.admin, { name: 'ada', capabilities: ['sql'], capacity: 3 });
    const again = await app.agents.register(ada.admin, { name: 'ada', capabilities: ['sql'], labels: { team: 'red' } });

    expect(again.created).toBe(false);
    expect(again.agent).toMatchObject({ id: first.agent.id, capacity: 3, labels: { team: 'red' }, version: 2 });
    const [, updated, ...more] = await app.eventsOf(ada.tenantId, ada.tenantId);
    expect(updated).toMatchObject({
      type: 'agent.updated',
      data: { changes: { labels: { team: 'red' } }, version: 2 },
    });
    expect(more).toEqual([]);
  });

  it('changes neither version nor log when nothing is new, but keeps the sign of life', async () => {
    const { agent } = await app.agents.register(ada.admin, { name: 'ada', capabilities: ['sql'], capacity: null });
    const { agent: again } = await app.agents.register(ada.admin, {
      name: 'ada',
      capabilities: ['SQL'],
      capacity: null,
    });

    expect(again.version).toBe(1);
    expect(again.lastSeenAt.getTime()).toBeGreaterThanOrEqual(agent.lastSeenAt.getTime());
    expect(await app.eventsOf(ada.tenantId, ada.tenantId)).toHaveLength(1);
  });

  it('makes one agent of a hundred registrations at the same time', async () => {
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        app.agents.register(ada.admin, { name: 'ada', labels: { try: String(index) } }),
      ),
    );

    expect(new Set(results.map(({ agent }) => agent.id)).size).toBe(1);
    expect(results.filter(({ created }) => created)).toHaveLength(1);
    expect((await app.agents.list(ada.admin)).items).toHaveLength(1);
    const events = await app.eventsOf(ada.tenantId, ada.tenantId);
    expect(events.map(({ data }) => data?.version)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('wakes up an agent that was offline, and leaves alone one that was taken out of service', async () => {
    const { agent } = await app.agents.register(ada.admin, { name: 'ada' });
    await app.agents.changeStatus(ada.admin, agent.id, 'offline');
    expect((await app.agents.register(ada.admin, { name: 'ada' })).agent.status).toBe('active');

    await app.agents.changeStatus(ada.admin, agent.id, 'draining');
    expect((await app.agents.register(ada.admin, { name: 'ada', capacity: 2 })).agent).toMatchObject({
      status: 'draining',
      capacity: 2,
    });
  });

  it('frees the name of a deleted agent', async () => {
    const { agent } = await app.agents.register(ada.admin, { name: 'ada' });
    await app.agents.delete(ada.admin, agent.id);

    const { agent: next, created } = await app.agents.register(ada.admin, { name: 'ada' });

    expect(created).toBe(true);
    expect(next.id).not.toBe(agent.id);
    const types = (await app.eventsOf(ada.tenantId, ada.tenantId)).map(({ type }) => type);
    expect(types).toEqual(['agent.registered', 'agent.deleted', 'agent.registered']);
  });

  it('survives registrations and deletions of one name crossing each other', async () => {
    const cross = async (): Promise<void> => {
      const { agent } = await app.agents.register(ada.admin, { name: 'ada' });
      await app.agents
        .delete(ada.admin, agent.id)
        .catch((error: { code?: string }) => expect(error.code).toBe('not_found'));
    };
    await Promise.all(Array.from({ length: 40 }, cross));

    const types = (await app.eventsOf(ada.tenantId, ada.tenantId)).map(({ type }) => type);
    const registered = types.filter((type) => type === 'agent.registered').length;
    expect(types.filter((type) => type === 'agent.deleted')).toHaveLength(registered);
  });

  it('keeps the same name apart in two tenants', async () => {
    const bob = await app.customer();
    const [one, two] = await Promise.all([ada, bob].map(({ admin }) => app.agents.register(admin, { name: 'ada' })));

    expect([one?.created, two?.created]).toEqual([true, true]);
    await expect(app.agents.get(bob.admin, one?.agent.id ?? randomUUID())).rejects.toMatchObject({ code: 'not_found' });
  });
});
