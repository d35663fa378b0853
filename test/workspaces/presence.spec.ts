import { DataSource } from 'typeorm';
import type { Caller } from '../../src/shared/auth/index.js';
import { MembersService, PresenceService, WorkspacesService, WorkspaceUpkeep } from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';

describe('the presence of members', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const tenant = await given.tenant();
    const { tenantId, rows } = tenant;
    const actor = (actorId: string): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const ada = actor('ada');
    const { id } = await given.node.get(WorkspacesService).create(ada, { name: 'lab', visibility: 'team' });
    const join = async (memberId: string): Promise<Caller> => {
      await given.node.get(MembersService).add(ada, id, { memberId, role: 'viewer' });
      return actor(memberId);
    };
    const told = async () => {
      const events = await rows<{ actor: string | null; data: { memberId: string; status: string } }>(
        `SELECT actor_id AS actor, data FROM events
         WHERE tenant_id = $1 AND feed_id = $2 AND type = 'workspace.presence_changed' ORDER BY seq`,
        id,
      );
      return events.map(({ data }) => `${data.memberId} ${data.status}`);
    };
    const path = `/v1/workspaces/${id}/presence`;
    const late = () => rows(`UPDATE workspace_presence SET expires_at = now() WHERE tenant_id = $1`);
    return { ...tenant, ada, id, path, actor, join, told, late, presence: given.node.get(PresenceService) };
  }

  it('is said for a minute, read by everybody who may read, and offline for who said nothing', async () => {
    const { presence, ada, id, join, actor } = await scene();
    const bob = await join('bob');
    const said = await presence.update(ada, id, { status: 'busy', on: { type: 'task', id: '7' } });

    expect(said).toMatchObject({ memberId: 'ada', status: 'busy', on: { type: 'task', id: '7' } });
    const lasts = (said.expiresAt?.getTime() ?? 0) - (said.since?.getTime() ?? 0);
    expect(lasts).toBe(60_000);
    expect(await presence.list(bob, id)).toEqual([
      said,
      { memberId: 'bob', status: 'offline', on: null, since: null, expiresAt: null },
    ]);
    expect(await presence.list(actor('eve'), id)).toHaveLength(2);
  });

  it('stands in the feed when the status changes, and never when it is renewed', async () => {
    const { presence, ada, id, told } = await scene();
    const say = (status: 'online' | 'away' | 'offline', on?: { type: string; id: string }) =>
      presence.update(ada, id, { status, ...(on && { on }) });
    const first = await say('online');
    await say('online');
    const onTask = await say('online', { type: 'task', id: '7' });
    expect(onTask.since).toEqual(first.since);
    expect(onTask.on).toEqual({ type: 'task', id: '7' });
    await say('away');
    expect(await say('offline', { type: 'task', id: '7' })).toMatchObject({ on: null, expiresAt: null });
    await say('offline');

    expect(await told()).toEqual(['ada online', 'ada away', 'ada offline']);
  });

  it('changes once, however many say so at once on two nodes', async () => {
    const { presence, ada, id, told } = await scene();
    const second = given.second.get(PresenceService);
    const say = (status: 'online' | 'away') => (_: unknown, n: number) =>
      (n % 2 ? second : presence).update(ada, id, { status });
    expect(new Set(outcomes(await Promise.allSettled(Array.from({ length: 100 }, say('online')))))).toEqual(
      new Set(['fulfilled']),
    );
    await Promise.all(Array.from({ length: 100 }, say('away')));
    expect(await told()).toEqual(['ada online', 'ada away']);
  });

  it('runs out: it is read as offline at once, and told of by the sweep, once', async () => {
    const { presence, ada, id, join, told, late, tenantId } = await scene();
    const bob = await join('bob');
    await presence.update(ada, id, { status: 'online' });
    await presence.update(bob, id, { status: 'busy', on: { type: 'task', id: '7' } });
    await late();

    const gone = await presence.list(ada, id);
    expect(gone).toMatchObject([
      { memberId: 'ada', status: 'offline', on: null, expiresAt: null },
      { memberId: 'bob', status: 'offline', on: null, expiresAt: null },
    ]);
    await Promise.all([given.node, given.second].map((node) => node.get(WorkspaceUpkeep).expire()));
    expect((await told()).sort()).toEqual(['ada offline', 'ada online', 'bob busy', 'bob offline']);
    expect(await presence.list(ada, id)).toEqual(gone);
    expect(await presence.expire(tenantId, 10)).toBe(0);
    await presence.update(ada, id, { status: 'online' });
    expect((await told()).at(-1)).toBe('ada online');
  });

  it('was never gone, as far as the feed knows, of who comes back before the sweep', async () => {
    const { presence, ada, id, told, tenantId } = await scene();
    await presence.update(ada, id, { status: 'online' });
    // In one transaction, so that no sweep comes between.
    await given.node.transactions.run({}, async () => {
      const late = 'UPDATE workspace_presence SET expires_at = now() WHERE tenant_id = $1';
      await given.node.get(DataSource).query(late, [tenantId]);
      await presence.update(ada, id, { status: 'online' });
    });
    expect(await presence.expire(tenantId, 10)).toBe(0);
    expect(await told()).toEqual(['ada online']);
  });

  it('is told of by the sweep, whatever is broken at another tenant', async () => {
    const [broken, whole] = [await scene(), await scene()];
    for (const { presence, ada, id, late } of [broken, whole]) {
      await presence.update(ada, id, { status: 'online' });
      await late();
    }
    await broken.rows(`DELETE FROM feeds WHERE tenant_id = $1 AND id = $2`, broken.id);
    await Promise.all(given.nodes.map((node) => node.get(WorkspaceUpkeep).expire()));
    expect(await whole.told()).toEqual(['ada online', 'ada offline']);
    const logged = given.nodes
      .flatMap(({ lines }) => lines)
      .filter(({ msg }) => msg === 'it could not be told what ran out');
    expect(logged.map(({ tenantId }) => tenantId)).toContain(broken.tenantId);
    await broken.rows(`DELETE FROM workspace_presence WHERE tenant_id = $1`);
  });

  it('goes with the membership, and is of members only', async () => {
    const { presence, ada, id, join, actor, rows, path } = await scene();
    const bob = await join('bob');
    await presence.update(bob, id, { status: 'online' });
    const members = given.node.get(MembersService);
    const both = await Promise.allSettled([
      members.remove(ada, id, 'bob'),
      ...Array.from({ length: 20 }, () => presence.update(bob, id, { status: 'online' })),
    ]);
    expect(both[0]?.status).toBe('fulfilled');
    const refused = outcomes(both).filter((one) => one !== 'fulfilled');
    expect(refused.filter((one) => one !== 'not_a_member')).toEqual([]);

    expect(await presence.list(ada, id)).toHaveLength(1);
    expect(await rows(`SELECT 1 FROM workspace_presence WHERE tenant_id = $1`)).toEqual([]);
    await expect(presence.update(actor('eve'), id, { status: 'online' })).rejects.toMatchObject({
      code: 'not_a_member',
    });
    const stranger = await given.tenant();
    expect((await stranger.http.put(path, { status: 'online' })).status).toBe(404);
  });

  it('refuses what is none', async () => {
    const { http, path } = await scene();
    for (const body of [
      {},
      { status: 'here' },
      { status: 'online', on: 'task' },
      { status: 'online', on: { type: 'task' } },
      { status: 'online', on: { type: 'task', id: 'x'.repeat(257) } },
      { status: 'online', seconds: 1e9 },
    ]) {
      expect((await http.put(path, body)).status).toBe(400);
    }
    expect((await http.get<{ items: unknown[] }>(path)).body.items).toHaveLength(1);
  });
});
