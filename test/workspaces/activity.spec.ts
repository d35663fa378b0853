import type { Caller } from '../../src/shared/auth/index.js';
import {
  ActivityService,
  MembersRepository,
  MembersService,
  StateService,
  WorkspacesService,
  WorkspaceUpkeep,
} from '../../src/workspaces/index.js';
import { startGiven } from '../support/given.js';
import { until } from '../support/until.js';

interface Page {
  items: { id: string; type: string; actorId: string }[];
  nextCursor: string | null;
}

describe('the activity of a workspace', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const tenant = await given.tenant();
    const { tenantId } = tenant;
    const actor = (actorId: string): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const ada = actor('ada');
    const { id } = await given.node.get(WorkspacesService).create(ada, { name: 'lab' });
    const join = async (memberId: string, role: 'viewer' | 'commenter' | 'editor'): Promise<Caller> => {
      await given.node.get(MembersService).add(ada, id, { memberId, role });
      return actor(memberId);
    };
    const path = `/v1/workspaces/${id}/activity`;
    return { ...tenant, ada, id, path, join, actor, activity: given.node.get(ActivityService) };
  }

  it('is recorded by its members and read newest first, page by page, by actor and by type [S79]', async () => {
    const { activity, id, ada, join, http, path } = await scene();
    const bob = await join('bob', 'commenter');
    for (let n = 0; n < 12; n++) {
      await activity.record(n % 3 ? ada : bob, id, { type: n % 2 ? 'review' : 'build.started', details: { n } });
    }
    const read = async (query: string): Promise<string[]> => {
      const seen: string[] = [];
      for (let after = ''; ;) {
        const { body } = await http.get<Page>(`${path}?limit=5${query}${after}`);
        seen.push(...body.items.map((one) => `${one.actorId} ${one.type}`));
        if (body.nextCursor === null) return seen;
        after = `&after=${body.nextCursor}`;
      }
    };

    const all = await read('');
    expect(all).toHaveLength(13);
    expect(all.at(-1)).toBe('ada member_added');
    expect(all[0]).toBe('ada review');
    expect(await read('&actor=bob')).toEqual(['bob review', 'bob build.started', 'bob review', 'bob build.started']);
    expect(await read('&type=review&actor=ada')).toHaveLength(4);
    expect(await read('&type=member_added,nothing')).toEqual(['ada member_added']);
  });

  it('stands in the feed, in the same transaction', async () => {
    const { activity, id, ada, rows } = await scene();
    const { id: activityId } = await activity.record(ada, id, { type: 'review', details: { secret: 1 } });
    const failed = given.node.transactions.run({}, async () => {
      await activity.record(ada, id, { type: 'lost' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');

    const events = await rows(
      `SELECT data FROM events WHERE tenant_id = $1 AND feed_id = $2 AND type = 'workspace.activity_recorded'`,
      id,
    );
    expect(events).toEqual([{ data: { activityId, activity: 'review' } }]);
  });

  it('is recorded by who may comment, and not in the name of Muster', async () => {
    const { activity, id, join, actor, http, path } = await scene();
    const viewer = await join('viewer', 'viewer');
    await expect(activity.record(viewer, id, { type: 'x' })).rejects.toMatchObject({ code: 'not_permitted' });
    await expect(activity.record(actor('eve'), id, { type: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(activity.recent(actor('eve'), id, { limit: 5 })).rejects.toMatchObject({ code: 'not_found' });
    const stranger = await given.tenant();
    expect((await stranger.http.post(path, { type: 'x' })).status).toBe(404);

    for (const type of ['', 'Big', 'a b', 'x'.repeat(101), '.x', 7, null]) {
      expect(await http.post(path, { type })).toMatchObject({ status: 400, body: { errors: [{ field: 'type' }] } });
    }
    expect(await http.post(path, { type: 'member_added' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'type', rule: 'isNotOwn' }] },
    });
    expect(await http.post(path, { type: 'x', details: [] })).toMatchObject({ status: 400 });
    expect(await http.post(path, { type: 'x', more: 1 })).toMatchObject({ status: 400 });
    expect(await http.post(path, { type: 'x', details: { text: 'x'.repeat(16_400) } })).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large', field: 'details', limit: 16_384 },
    });
    expect((await http.get<Page>(path)).body.items).toHaveLength(1);
  });

  it('is deleted when it is older than it is kept', async () => {
    const { activity, id, ada, rows, http, path } = await scene();
    for (let n = 0; n < 3; n++) await activity.record(ada, id, { type: `old.${n}` });
    await rows(
      `UPDATE workspace_activity SET at = now() - interval '91 days' WHERE tenant_id = $1 AND type LIKE 'old%'`,
    );
    await rows(
      `INSERT INTO workspace_activity (tenant_id, workspace_id, id, type, actor_id, at)
       SELECT $1, $2::uuid, gen_random_uuid(), 'many', 'ada', now() - interval '100 days' FROM generate_series(1, 2500)`,
      id,
    );
    await activity.record(ada, id, { type: 'fresh' });
    const upkeep = given.node.get(WorkspaceUpkeep);

    expect(await upkeep.retain(0)).toBe(0);
    await upkeep.retain();
    expect((await http.get<Page>(path)).body.items.map(({ type }) => type)).toEqual(['fresh']);
    expect(await upkeep.retain()).toBe(0);
  });

  describe('of a member', () => {
    it('is when it wrote last, noted at most once a minute, without a new version', async () => {
      const { id, join, rows, tenantId } = await scene();
      const bob = await join('bob', 'editor');
      const members = given.node.get(MembersRepository);
      const states = given.node.get(StateService);
      const long = () =>
        rows(`UPDATE workspace_members SET last_activity_at = now() - interval '2 hours' WHERE tenant_id = $1`);
      const last = async () => (await members.get(tenantId, id, 'bob')).lastActivityAt.getTime();
      const isFresh = async () => Date.now() - (await last()) < 60_000;

      await long();
      await states.get(bob, id);
      expect(await isFresh()).toBe(false);
      await states.update(bob, id, 0, { n: 1 });
      await until(isFresh);
      const first = await last();
      await states.update(bob, id, 1, { n: 2 });
      expect(await last()).toBe(first);
      expect(await members.get(tenantId, id, 'bob')).toMatchObject({ version: 1 });
    });

    it('is not noted for what was refused or rolled back, and is noted once for many at once', async () => {
      const { id, join, rows, tenantId } = await scene();
      const bob = await join('bob', 'editor');
      const states = [given.node.get(StateService), given.second.get(StateService)];
      await rows(`UPDATE workspace_members SET last_activity_at = now() - interval '2 hours' WHERE tenant_id = $1`);
      await expect(states[0]?.update(bob, id, 7, {})).rejects.toMatchObject({ code: 'stale_version' });
      const member = () => given.node.get(MembersRepository).get(tenantId, id, 'bob');
      expect(Date.now() - (await member()).lastActivityAt.getTime()).toBeGreaterThan(60_000);

      const writes = Array.from({ length: 100 }, (_, n) => states[n % 2]?.update(bob, id, 0, { n }));
      await Promise.allSettled(writes);
      expect(Date.now() - (await member()).lastActivityAt.getTime()).toBeLessThan(60_000);
    });
  });
});
