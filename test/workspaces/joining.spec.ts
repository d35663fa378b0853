import type { Caller } from '../../src/shared/auth/index.js';
import { LocksService, MembersService, StateService, WorkspacesService } from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';
import { HttpClient } from '../support/http-client.js';

describe('joining a workspace', () => {
  const given = startGiven({ nodes: 2 });

  async function scene(visibility: 'private' | 'team' | 'public') {
    const tenant = await given.tenant();
    const { tenantId, rows } = tenant;
    const actor = (actorId: string): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const ada = actor('ada');
    const { id } = await given.node.get(WorkspacesService).create(ada, { name: 'lab', visibility });
    const recorded = async () =>
      (
        await rows<{ entry: string }>(
          `SELECT type || ' ' || actor_id AS entry FROM workspace_activity WHERE tenant_id = $1 ORDER BY at, id`,
        )
      ).map(({ entry }) => entry);
    return { ...tenant, actor, ada, id, recorded, members: given.node.get(MembersService) };
  }

  it('makes one a viewer where it is public and an editor where it is a team’s: what he could do before he still can', async () => {
    const open = await scene('public');
    expect(await open.members.join(open.actor('bob'), open.id, 'human')).toMatchObject({
      memberId: 'bob',
      kind: 'human',
      role: 'viewer',
      addedBy: 'bob',
      version: 1,
    });
    await expect(given.node.get(StateService).update(open.actor('bob'), open.id, 0, {})).rejects.toMatchObject({
      code: 'not_permitted',
    });

    const team = await scene('team');
    expect(await team.members.join(team.actor('bob'), team.id)).toMatchObject({ kind: 'agent', role: 'editor' });
    expect(await given.node.get(StateService).update(team.actor('bob'), team.id, 0, {})).toMatchObject({ version: 1 });
    expect(await team.recorded()).toEqual(['member_joined bob']);
    const events = await team.rows<{ data: unknown }>(
      `SELECT data FROM events WHERE tenant_id = $1 AND type = 'workspace.member_added' AND actor_id = 'bob'`,
    );
    expect(events).toEqual([{ data: { memberId: 'bob', kind: 'agent', role: 'editor', permissions: [] } }]);
  });

  it('is done once, however often it is asked for, and changes no member', async () => {
    const { id, ada, actor, members, recorded } = await scene('public');
    const second = given.second.get(MembersService);
    const join = (_: unknown, n: number) => (n % 2 ? second : members).join(actor('bob'), id);
    const results = await Promise.allSettled(Array.from({ length: 100 }, join));
    expect(new Set(outcomes(results))).toEqual(new Set(['fulfilled']));
    expect(await recorded()).toEqual(['member_joined bob']);

    await members.update(ada, id, 'bob', 1, { role: 'admin' });
    expect(await members.join(actor('bob'), id)).toMatchObject({ role: 'admin', version: 2 });
    expect(await members.join(ada, id)).toMatchObject({ role: 'owner' });
  });

  it('is not possible where it is private, locked or full', async () => {
    const closed = await scene('private');
    await expect(closed.members.join(closed.actor('bob'), closed.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(closed.members.join(closed.caller, closed.id)).rejects.toMatchObject({ code: 'invitation_only' });

    const { id, ada, actor, members, http } = await scene('public');
    const { token } = await given.node.get(LocksService).take(ada, id, { seconds: 60 });
    await expect(members.join(actor('bob'), id)).rejects.toMatchObject({ code: 'workspace_locked' });
    await given.node.get(LocksService).release(ada, id, token);
    const results = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => members.join(actor(`a${n}`), id)));
    expect(outcomes(results).filter((one) => one === 'fulfilled')).toHaveLength(50);
    expect(await http.post(`/v1/workspaces/${id}/join`)).toMatchObject({
      status: 429,
      body: { code: 'too_many_members' },
    });
    expect((await http.post(`/v1/workspaces/${id}/join`, { kind: 'robot' })).status).toBe(400);
    expect((await http.post(`/v1/workspaces/${id}/join`, { role: 'owner' })).status).toBe(400);
    expect((await (await given.tenant()).http.post(`/v1/workspaces/${id}/join`)).status).toBe(404);
  });

  it('is undone by leaving, which the last owner cannot', async () => {
    const { id, keyFor, http, members, ada } = await scene('team');
    const bob = new HttpClient(given.node.url, await keyFor('workspaces:write'));
    const joined = await bob.post<{ memberId: string }>(`/v1/workspaces/${id}/join`, { kind: 'service' });
    expect(joined).toMatchObject({ status: 200, body: { role: 'editor' } });
    expect(joined.headers.get('etag')).toBe('"1"');
    expect((await bob.post(`/v1/workspaces/${id}/leave`)).status).toBe(204);
    expect((await bob.post(`/v1/workspaces/${id}/leave`)).status).toBe(404);
    expect((await http.get(`/v1/workspaces/${id}/members/${joined.body.memberId}`)).status).toBe(404);
    await expect(members.remove(ada, id, 'ada')).rejects.toMatchObject({ code: 'last_owner' });
  });
});
