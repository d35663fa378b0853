import { AttendanceSweeper } from '../../src/agents/attendance-sweeper.js';
import { AgentsService } from '../../src/agents/index.js';
import { EventLog } from '../../src/shared/events/index.js';
import { type RunningNode, startGiven } from '../support/given.js';
import { until } from '../support/until.js';

const HOUR_MS = 3_600_000;

describe('an agent that was attended', () => {
  const given = startGiven({ nodes: 2 });
  const sweep = (node: RunningNode = given.node): Promise<number> => node.get(AttendanceSweeper).sweep();

  /** An agent, of which nothing was heard for two hours after what was said of it. */
  async function scene() {
    const { ada, ...tenant } = await given.workspace({ agents: ['ada'] });
    const { caller, tenantId, rows } = tenant;
    const agents = given.node.get(AgentsService);
    const silence = `UPDATE agents SET last_seen_at = now() - interval '2 hours' WHERE tenant_id = $1`;
    return {
      agents,
      ada,
      caller,
      beat: (offlineAfterMs?: number) => agents.heartbeat(caller, ada.id, offlineAfterMs),
      hours: () => rows(silence),
      /** As it is stored: either node may have changed it. */
      stored: async () => {
        const sql = 'SELECT status, offline_after_ms IS NOT NULL AS attended FROM agents WHERE tenant_id = $1';
        return (await rows<{ status: string; attended: boolean }>(sql))[0];
      },
      changes: async (): Promise<unknown[]> => {
        const { events } = await given.node.get(EventLog).read(tenantId, tenantId, { after: 0, limit: 100 });
        const changed = events.filter(({ type }) => type === 'agent.status_changed');
        return changed.map(({ actorId, data }) => [actorId, data?.from, data?.to, data?.version]);
      },
    };
  }

  it('is offline when nothing is heard of it any more, told once, whoever looks', async () => {
    const { beat, hours, stored, changes, agents, caller, ada } = await scene();
    await beat(1);
    await hours();
    const cached = await agents.get(caller, ada.id);
    await Promise.all([sweep(), sweep(), sweep(given.second), sweep(given.second)]);

    expect(await stored()).toEqual({ status: 'offline', attended: false });
    expect(await changes()).toEqual([['sweeper', 'active', 'offline', cached.version + 1]]);
    await until(async () => (await agents.get(caller, ada.id)).status === 'offline', 'no copy is older');
  });

  it('is there while it is heard of, and anew when it is heard of again', async () => {
    const { beat, hours, stored } = await scene();
    await beat(HOUR_MS);
    await sweep();
    expect(await stored()).toMatchObject({ status: 'active' });

    await beat(1);
    await hours();
    await sweep();
    expect(await stored()).toMatchObject({ status: 'offline' });
    expect(await beat(HOUR_MS)).toMatchObject({ status: 'active' });
    expect(await stored()).toEqual({ status: 'active', attended: true });
  });

  it('is offline also when the last that was heard was a heartbeat, or that it registered', async () => {
    for (const late of ['heartbeat', 'register'] as const) {
      const { agents, caller, ada, beat, hours, stored } = await scene();
      await beat(1);
      await (late === 'heartbeat' ? beat() : agents.register(caller, { name: ada.name }));
      await hours();
      await sweep();
      expect(await stored()).toMatchObject({ status: 'offline' });
    }
  });

  it('counts as attended when one of two signs of life at the same time says so', async () => {
    const { beat, stored } = await scene();
    await Promise.all([beat(), beat(HOUR_MS), beat(), beat()]);
    expect(await stored()).toMatchObject({ attended: true });
  });

  it.each(['draining', 'maintenance', 'error'] as const)('stays %s when somebody decided that', async (decided) => {
    const { agents, caller, ada, beat, hours, stored } = await scene();
    await beat(1);
    await agents.changeStatus(caller, ada.id, decided);
    await hours();
    await sweep();

    expect(await stored()).toEqual({ status: decided, attended: false });
  });

  it('has its full time from when signs of life can be kept again', async () => {
    const { beat, hours, stored } = await scene();
    await beat(HOUR_MS);
    await hours();
    await sweep();
    expect(await stored()).toMatchObject({ status: 'active' });
  });

  it('is not who sends heartbeats only', async () => {
    const { beat, hours, stored } = await scene();
    await beat();
    await hours();
    await sweep();
    expect(await stored()).toMatchObject({ status: 'active' });
  });
});
