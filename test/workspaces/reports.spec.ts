import type { Caller } from '../../src/shared/auth/index.js';
import {
  ActivityService,
  LocksService,
  MembersService,
  PresenceService,
  StateService,
  type CollaborationView,
  type WorkspaceIntegrityView,
  WorkspacesService,
} from '../../src/workspaces/index.js';
import { startGiven } from '../support/given.js';

const DAY_MS = 86_400_000;

describe('reports on a workspace', () => {
  const given = startGiven();

  async function scene() {
    const tenant = await given.workspace({ agents: ['robot', 'other'] });
    const { tenantId } = tenant;
    const actor = (actorId: string): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const ada = actor('ada');
    const { id } = await given.node.get(WorkspacesService).create(ada, { name: 'lab' });
    const members = given.node.get(MembersService);
    await members.add(ada, id, { memberId: tenant.robot.id, role: 'editor' });
    await members.add(ada, id, { memberId: 'bob', role: 'viewer', kind: 'human' });
    return { ...tenant, ada, actor, id, members, path: `/v1/workspaces/${id}` };
  }

  it('count its members, activity, events and state', async () => {
    const { ada, actor, id, http, path, robot, rows } = await scene();
    await given.node.get(PresenceService).update(ada, id, { status: 'busy' });
    await given.node.get(PresenceService).update(actor('bob'), id, { status: 'online' });
    await rows(`UPDATE workspace_presence SET expires_at = now() WHERE tenant_id = $1 AND member_id = 'bob'`);
    await given.node.get(StateService).update(actor(robot.id), id, 0, { n: 1 });
    await rows(
      `UPDATE workspace_activity SET at = now() - interval '2 days' WHERE tenant_id = $1 AND details->>'memberId' = 'bob'`,
    );
    await given.node.get(LocksService).take(ada, id, { seconds: 60 });

    expect((await http.get(`${path}/stats`)).body).toEqual({
      members: {
        total: 3,
        byRole: { owner: 1, editor: 1, viewer: 1 },
        byKind: { service: 1, agent: 1, human: 1 },
        byPresence: { busy: 1, offline: 2 },
      },
      activity: { total: 2, lastDay: 1 },
      // Made, two members, two presences, the state, the lock.
      events: { total: 7, lastDay: 7 },
      state: { version: 1, bytes: 7, updatedAt: expect.any(String) as string },
      isLocked: true,
    });
  });

  it('tell who did how much in a period, and who went on with what of whom', async () => {
    const { id, robot, other, task, claim, caller, http, path } = await scene();
    const release = async (agent: typeof robot): Promise<void> => {
      const [lease] = await claim(agent, { workspaceIds: [id] });
      const { claims } = given.node;
      await claims.release(
        { ...caller, actorId: agent.id },
        {
          taskId: lease?.task.id ?? '',
          epoch: lease?.epoch ?? 0,
        },
      );
    };
    await task({ workspaceId: id });
    await release(robot);
    await release(other);
    await release(robot);

    const { body } = await http.get<CollaborationView>(`${path}/collaboration`);
    const events = body.contributions.reduce((sum, one) => sum + one.events, 0);
    expect(body.events).toBe(events);
    expect(body.days.reduce((sum, day) => sum + day.events, 0)).toBe(events);
    expect(body.days.length).toBeGreaterThanOrEqual(7);
    expect(body.days.at(-1)?.day).toBe(new Date(body.to).toISOString().slice(0, 10));
    const of = (actorId: string) => body.contributions.find((one) => one.actorId === actorId);
    expect(of('ada')).toMatchObject({ isMember: true, handOvers: 0 });
    expect(of(robot.id)).toMatchObject({ isMember: true, handOvers: 2 });
    expect(of(other.id)).toMatchObject({ isMember: false, handOvers: 1 });
    // Claims are of the key that asks for the agents: it went on with what they had released, twice.
    expect(of(caller.actorId)).toMatchObject({ isMember: false, handOvers: 2 });
    expect(body.handOvers).toBe(5);
    expect(body.activeMembers).toBe(2);
  });

  it('count by days of UTC, from a time to before another', async () => {
    const { id, http, path, rows } = await scene();
    // The first event of the feed a day and a half ago, the second yesterday: as if nobody had come since.
    const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    const at = (ms: number) => new Date(midnight + ms).toISOString();
    for (const [seq, time] of [
      [1, at(-1.5 * DAY_MS)],
      [2, at(-0.5 * DAY_MS)],
    ]) {
      await rows(`UPDATE events SET time = $4 WHERE tenant_id = $1 AND feed_id = $2 AND seq = $3`, id, seq, time);
    }
    const read = async (from: string, to: string) =>
      (await http.get<CollaborationView>(`${path}/collaboration?from=${from}&to=${to}`)).body;
    const whole = await read(at(-2 * DAY_MS), at(DAY_MS));
    expect(whole.days.map(({ events }) => events)).toEqual([1, 1, 1]);
    const part = await read(at(-1.5 * DAY_MS + 1), at(-0.5 * DAY_MS + 1));
    expect(part).toMatchObject({ events: 1, activeMembers: 1 });
    expect(part.days.map(({ events }) => events)).toEqual([0, 1]);
    expect((await read(at(-9 * DAY_MS), at(-8 * DAY_MS))).events).toBe(0);
  });

  it('refuse a period that is none, is too long or holds too much', async () => {
    const { http, path, rows, id } = await scene();
    const ask = (query: string) => http.get(`${path}/collaboration?${query}`);
    const refusal = (rule: string) => ({ status: 400, body: { errors: [{ rule }] } });
    expect(await ask('from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:00Z')).toMatchObject(refusal('isBefore'));
    expect(await ask('from=2026-01-01T00:00:00Z&to=2026-02-02T00:00:00Z')).toMatchObject(refusal('maxDays'));
    expect(await ask('from=soon')).toMatchObject({ status: 400 });
    await rows(
      `INSERT INTO events (tenant_id, feed_id, seq, type, subject_type, subject_id, actor_id, time)
       SELECT $1, $2::uuid, 3 + n, 'x.y', 'x', $2::uuid, 'ada', now() FROM generate_series(1, 200001) n`,
      id,
    );
    expect(await ask('')).toMatchObject(refusal('maxEvents'));
  });

  it('are for who may read, and the report on integrity for who may manage', async () => {
    const { actor, id, path, http } = await scene();
    const stranger = await given.tenant();
    for (const name of ['stats', 'collaboration', 'integrity']) {
      expect((await stranger.http.get(`${path}/${name}`)).status).toBe(404);
      expect((await http.get(`${path}/${name}`)).status).toBe(200);
    }
    const service = given.node.get(ActivityService);
    await expect(service.recent(actor('eve'), id, { limit: 1 })).rejects.toMatchObject({ code: 'not_found' });
  });

  describe('on integrity', () => {
    const read = async ({ http, path }: Awaited<ReturnType<typeof scene>>) =>
      (await http.get<WorkspaceIntegrityView>(`${path}/integrity`)).body;

    it('find nothing where nothing is wrong', async () => {
      const at = await scene();
      await given.node.get(StateService).update(at.ada, at.id, 0, {});
      await given.node.get(LocksService).take(at.ada, at.id, { seconds: 60 });
      await given.node.get(PresenceService).update(at.ada, at.id, { status: 'online' });
      expect(await read(at)).toMatchObject({ checked: { members: 3, stateVersions: 1, activities: 2 }, issues: [] });
      const home = await at.http.get<WorkspaceIntegrityView>(`/v1/workspaces/${at.workspace.id}/integrity`);
      expect(home.body.issues).toEqual([]);
    });

    it('find each kind of damage, and what to do', async () => {
      const at = await scene();
      const { rows, id, ada } = at;
      for (let n = 0; n < 3; n++) await given.node.get(StateService).update(ada, id, n, { n });
      await given.node.get(PresenceService).update(ada, id, { status: 'online' });
      await given.node.get(LocksService).take(ada, id, { seconds: 60 });
      await rows(`DELETE FROM workspace_states WHERE tenant_id = $1 AND state_version = 2`);
      await rows(`UPDATE workspace_members SET role = 'viewer' WHERE tenant_id = $1 AND role = 'owner'`);
      await rows(`UPDATE workspace_presence SET expires_at = now() - interval '1 hour' WHERE tenant_id = $1`);
      await rows(
        `UPDATE workspaces SET lock_expires_at = now() - interval '1 hour' WHERE tenant_id = $1 AND id = $2`,
        id,
      );
      const { issues } = await read(at);
      expect(issues).toMatchObject([
        { type: 'no_owner', severity: 'error', entity: { kind: 'workspace', id } },
        { type: 'state_gap', entity: { kind: 'state', id: '3' }, message: 'The state 3: follows version 1.' },
        { type: 'lock_not_ended', entity: { kind: 'workspace', id } },
        { type: 'presence_not_ended', severity: 'warning', entity: { kind: 'member', id: 'ada' } },
      ]);
      expect(issues.every(({ fix }) => fix.length > 20)).toBe(true);

      await rows(`DELETE FROM feeds WHERE tenant_id = $1 AND id = $2`, id);
      expect((await read(at)).issues.map(({ type }) => type)).toContain('missing_feed');
      await rows(`DELETE FROM workspaces WHERE tenant_id = $1 AND id = $2`, id);
      const left = (await read(at)).issues.map(({ type }) => type);
      expect(new Set(left)).toEqual(
        new Set(['state_gap', 'presence_not_ended', 'orphan_member', 'orphan_state', 'orphan_activity']),
      );
      await rows(`DELETE FROM workspace_presence WHERE tenant_id = $1`);
    });
  });
});
