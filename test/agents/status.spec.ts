import { Metrics } from '../../src/shared/metrics/index.js';
import type { Agent } from '../../src/agents/index.js';
import { type AggregatesApp, startAggregatesApp } from '../support/aggregates-app.js';
import type { Customer } from '../support/auth-app.js';
import { query, workerDatabase } from '../support/database.js';

describe('the status of an agent', () => {
  let app: AggregatesApp;
  let ada: Customer;
  let agent: Agent;
  beforeAll(async () => (app = await startAggregatesApp()));
  beforeEach(async () => {
    ada = await app.customer();
    ({ agent } = await app.agents.register(ada.admin, { name: 'ada' }));
  });
  afterAll(() => app.stop());

  const become = (status: Agent['status']) => app.agents.changeStatus(ada.admin, agent.id, status);
  const eventTypes = async () => (await app.eventsOf(ada.tenantId, ada.tenantId)).map(({ type }) => type);

  it('follows the table and tells each step', async () => {
    await become('draining');
    const inactive = await become('inactive');

    expect(inactive).toMatchObject({ status: 'inactive', version: 3 });
    const changes = (await app.eventsOf(ada.tenantId, ada.tenantId)).slice(1);
    expect(changes.map(({ type, data }) => [type, data?.from, data?.to])).toEqual([
      ['agent.status_changed', 'active', 'draining'],
      ['agent.status_changed', 'draining', 'inactive'],
    ]);
  });

  it('refuses a step the table does not have, and names those it has', async () => {
    await become('error');

    await expect(become('active')).rejects.toMatchObject({
      code: 'invalid_transition',
      details: { agentId: agent.id, agentStatus: 'error', allowed: ['offline'] },
    });
    expect((await app.agents.get(ada.admin, agent.id)).status).toBe('error');
  });

  it('takes the status it has for no change', async () => {
    expect(await become('active')).toMatchObject({ status: 'active', version: 1 });
    expect(await eventTypes()).toEqual(['agent.registered']);
  });

  it('changes once when a hundred ask for the same at the same time', async () => {
    await Promise.all(Array.from({ length: 100 }, () => become('draining')));

    expect(await eventTypes()).toEqual(['agent.registered', 'agent.status_changed']);
  });

  it.each(['draining', 'maintenance', 'error', 'offline'] as const)(
    'keeps work from an agent that is %s',
    async (status) => {
      await app.agents.getForClaim(ada.tenantId, agent.id);
      await become(status);

      await expect(app.agents.getForClaim(ada.tenantId, agent.id)).rejects.toMatchObject({
        code: 'agent_not_active',
        details: { agentId: agent.id, agentStatus: status },
      });
    },
  );

  describe('and its heartbeat', () => {
    const stored = async (): Promise<Record<string, unknown>> => {
      const [row] = await query(workerDatabase(), 'SELECT * FROM agents WHERE tenant_id = $1 AND id = $2', [
        ada.tenantId,
        agent.id,
      ]);
      return row ?? {};
    };

    it('touches the time and neither version, nor log, nor cache', async () => {
      await query(workerDatabase(), `UPDATE agents SET last_seen_at = '2020-01-01' WHERE tenant_id = $1`, [
        ada.tenantId,
      ]);
      const cached = await app.agents.get(ada.admin, agent.id);
      const before = await stored();

      const { status, lastSeenAt } = await app.agents.heartbeat(ada.admin, agent.id);

      expect(status).toBe('active');
      expect(Date.now() - lastSeenAt.getTime()).toBeLessThan(60_000);
      expect(await stored()).toEqual({ ...before, last_seen_at: lastSeenAt });
      expect(await app.agents.get(ada.admin, agent.id)).toEqual(cached);
      expect(await eventTypes()).toEqual(['agent.registered']);
    });

    it('is merged with those of others, each answered on its own', async () => {
      const agents = await Promise.all(
        Array.from({ length: 60 }, (_, index) => app.agents.register(ada.admin, { name: `agent ${index}` })),
      );
      const ids = [...agents.map((one) => one.agent.id), agent.id, agent.id];
      const bob = await app.customer();

      const results = await Promise.allSettled([
        ...ids.map((id) => app.agents.heartbeat(ada.admin, id)),
        app.agents.heartbeat(bob.admin, agent.id),
        app.agents.heartbeat(ada.admin, ada.tenantId),
      ]);

      expect(results.map((one) => (one.status === 'fulfilled' ? one.value.id : 'refused'))).toEqual([
        ...ids,
        'refused',
        'refused',
      ]);
      const metrics = await app.app.get(Metrics, { strict: false }).registry.metrics();
      const sum = /muster_batch_size_sum\{operation="agents.heartbeat"\} (\d+)/.exec(metrics)?.[1];
      const count = /muster_batch_size_count\{operation="agents.heartbeat"\} (\d+)/.exec(metrics)?.[1];
      expect(Number(count)).toBeLessThan(Number(sum) / 4);
    });

    it('makes an agent that was offline active, once, however many arrive', async () => {
      await become('offline');

      const beats = await Promise.all(Array.from({ length: 100 }, () => app.agents.heartbeat(ada.admin, agent.id)));

      expect(new Set(beats.map(({ status }) => status))).toEqual(new Set(['active']));
      expect(await eventTypes()).toEqual(['agent.registered', 'agent.status_changed', 'agent.status_changed']);
      expect((await app.agents.getForClaim(ada.tenantId, agent.id)).status).toBe('active');
    });

    it('tells an agent that it was drained, and does not undo it', async () => {
      await become('draining');

      expect(await app.agents.heartbeat(ada.admin, agent.id)).toMatchObject({ status: 'draining' });
      expect((await app.agents.get(ada.admin, agent.id)).status).toBe('draining');
    });
  });
});
