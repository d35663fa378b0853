import { randomUUID } from 'node:crypto';
import { ApiKeysService, type Caller } from '../../src/shared/auth/index.js';
import {
  ActivityRepository,
  MembersService,
  type Role,
  type Workspace,
  WorkspacesService,
} from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';
import { HttpClient } from '../support/http-client.js';
import { SocketClient } from '../support/socket-client.js';

describe('members of a workspace', () => {
  const given = startGiven({ nodes: 2 });

  /** A private workspace that ada made, and a key without the scope admin for whoever is named. */
  async function scene() {
    const tenant = await given.tenant();
    const { tenantId } = tenant;
    const actor = (actorId: string = randomUUID()): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const ada = actor('ada');
    const workspace = await given.node.get(WorkspacesService).create(ada, { name: 'lab' });
    const members = given.node.get(MembersService);
    const join = async (memberId: string, role: Role): Promise<Caller> => {
      await members.add(ada, workspace.id, { memberId, role });
      return actor(memberId);
    };
    return { ...tenant, workspace, members, ada, actor, join };
  }

  it('have indexes to be found by workspace and by member, and activity by time [S117][S118][S119]', async () => {
    const { rows } = await given.tenant();
    const found = await rows<{ indexdef: string }>(
      `SELECT indexdef FROM pg_indexes WHERE $1::uuid IS NOT NULL AND indexname IN
         ('idx_workspace_members_workspace', 'idx_workspace_members_agent', 'idx_workspace_activity') ORDER BY indexname`,
    );
    expect(found.map(({ indexdef }) => indexdef.replace(/^.* ON public\./, ''))).toEqual([
      'workspace_activity USING btree (tenant_id, workspace_id, at DESC, id DESC)',
      'workspace_members USING btree (tenant_id, member_id, workspace_id)',
      'workspace_members USING btree (tenant_id, workspace_id, joined_at, member_id)',
    ]);
  });

  it('begin with who made it, as owner [S79]', async () => {
    const { members, workspace, ada } = await scene();
    expect((await members.list(ada, workspace.id)).items).toMatchObject([{ memberId: 'ada', role: 'owner' }]);
  });

  it('are added with their activity and event, in one transaction [S70][S72][S73][S74][S75]', async () => {
    const { members, workspace, ada, tenantId, rows } = await scene();
    const member = await members.add(ada, workspace.id, { memberId: 'bob', role: 'editor', permissions: ['manage'] });

    expect(member).toMatchObject({
      memberId: 'bob',
      kind: 'agent',
      role: 'editor',
      permissions: ['manage'],
      version: 1,
    });
    expect(member.lastActivityAt).toEqual(member.joinedAt);
    const activity = await given.node.get(ActivityRepository).recent(tenantId, workspace.id, 10);
    const details = { memberId: 'bob', role: 'editor' };
    expect(activity.items).toMatchObject([{ type: 'member_added', actorId: 'ada', details, at: member.joinedAt }]);
    const [event] = await rows<{ data: unknown }>(
      `SELECT data FROM events WHERE tenant_id = $1 AND feed_id = $2 AND type = 'workspace.member_added'`,
      workspace.id,
    );
    expect(event?.data).toEqual({ memberId: 'bob', kind: 'agent', role: 'editor', permissions: ['manage'] });

    const failed = given.node.transactions.run({}, async () => {
      await members.add(ada, workspace.id, { memberId: 'eve', role: 'editor' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect((await given.node.get(ActivityRepository).recent(tenantId, workspace.id, 10)).items).toHaveLength(1);
  });

  it('are there once, however many add them at once, on two nodes [S71]', async () => {
    const { members, workspace, ada, tenantId } = await scene();
    const second = given.second.get(MembersService);
    const add = (_: unknown, n: number) =>
      (n % 2 ? second : members).add(ada, workspace.id, { memberId: 'bob', role: 'viewer' });
    const results = outcomes(await Promise.allSettled(Array.from({ length: 40 }, add)));

    expect(results.filter((one) => one === 'fulfilled')).toHaveLength(1);
    expect(results.filter((one) => one === 'already_exists')).toHaveLength(39);
    expect((await given.node.get(ActivityRepository).recent(tenantId, workspace.id, 10)).items).toHaveLength(1);
  });

  it('are at most 100, of whom 50 are agents, however many come at once', async () => {
    const { members, workspace, ada } = await scene();
    const add = (n: number, kind: 'agent' | 'human') =>
      members.add(ada, workspace.id, { memberId: `${kind} ${n}`, kind, role: 'viewer' });
    const agents = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => add(n, 'agent')));
    const people = await Promise.allSettled(Array.from({ length: 60 }, (_, n) => add(n, 'human')));

    expect(outcomes(agents).filter((one) => one === 'fulfilled')).toHaveLength(50);
    expect(outcomes(people).filter((one) => one === 'fulfilled')).toHaveLength(49);
    expect(new Set(outcomes([...agents, ...people]))).toEqual(new Set(['fulfilled', 'too_many_members']));
  });

  it('keep an owner, whoever leaves at once', async () => {
    for (let round = 0; round < 10; round++) {
      const { members, workspace, ada, join } = await scene();
      const bob = await join('bob', 'owner');
      const eve = await join('eve', 'owner');
      const demoted = members.update(bob, workspace.id, 'eve', 1, { role: 'viewer' });
      const leaving = [ada, bob, eve].map((one) => members.remove(one, workspace.id, one.actorId));
      await Promise.allSettled([demoted, ...leaving]);

      const { items } = await members.list({ ...ada, scopes: ['admin'] }, workspace.id, { role: ['owner'] });
      expect(items.length).toBeGreaterThanOrEqual(1);
    }
    const { members, workspace, ada } = await scene();
    await expect(members.remove(ada, workspace.id, 'ada')).rejects.toMatchObject({ code: 'last_owner' });
    await expect(members.update(ada, workspace.id, 'ada', 1, { role: 'admin' })).rejects.toMatchObject({
      code: 'last_owner',
    });
  });

  it('hand on no role above their own, and change nobody who is not below them', async () => {
    const { members, workspace, join } = await scene();
    const admin = await join('admin', 'admin');
    const other = await join('other', 'admin');
    const editor = await join('editor', 'editor');
    const { id } = workspace;
    const low = { code: 'rank_too_low' };

    await expect(members.add(admin, id, { memberId: 'x', role: 'owner' })).rejects.toMatchObject(low);
    await expect(members.update(admin, id, 'editor', 1, { role: 'owner' })).rejects.toMatchObject(low);
    await expect(members.update(admin, id, 'other', 1, { role: 'viewer' })).rejects.toMatchObject(low);
    await expect(members.remove(admin, id, 'ada')).rejects.toMatchObject(low);
    await expect(members.remove(editor, id, 'other')).rejects.toMatchObject({ code: 'not_permitted' });

    expect(await members.update(admin, id, 'editor', 1, { role: 'admin' })).toMatchObject({
      role: 'admin',
      version: 2,
    });
    await members.remove(other, id, 'other');
    await expect(members.get(admin, id, 'other')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('change by version', async () => {
    const { members, workspace, ada, join } = await scene();
    await join('bob', 'viewer');
    const change = () => members.update(ada, workspace.id, 'bob', 1, { permissions: ['write'] });
    const results = outcomes(await Promise.allSettled(Array.from({ length: 20 }, change)));

    expect(results.filter((one) => one === 'fulfilled')).toHaveLength(1);
    expect(new Set(results)).toEqual(new Set(['fulfilled', 'stale_version']));
  });

  it('are paged in the order in which they joined', async () => {
    const { members, workspace, ada, join } = await scene();
    for (let n = 0; n < 7; n++) await join(`member ${n}`, n % 2 ? 'viewer' : 'editor');
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await members.list(ada, workspace.id, { limit: 3, ...(after !== undefined && { after }) });
      seen.push(...page.items.map(({ memberId }) => memberId));
      after = page.nextCursor ?? undefined;
    } while (after !== undefined);

    expect(seen).toEqual(['ada', ...Array.from({ length: 7 }, (_, n) => `member ${n}`)]);
    const { items } = await members.list(ada, workspace.id, { role: ['viewer'] });
    expect(items.map(({ memberId }) => memberId)).toEqual(['member 1', 'member 3', 'member 5']);
  });

  describe('and others', () => {
    const visible = async (caller: Caller): Promise<string[]> =>
      (await given.node.get(WorkspacesService).list(caller)).items.map(({ name }) => name);

    it('see nothing of a private workspace', async () => {
      const { members, workspace, actor, join, ada } = await scene();
      const workspaces = given.node.get(WorkspacesService);
      const stranger = actor();
      const viewer = await join('viewer', 'viewer');
      const unknown = { code: 'not_found' };

      await expect(workspaces.get(stranger, workspace.id)).rejects.toMatchObject(unknown);
      await expect(members.list(stranger, workspace.id)).rejects.toMatchObject(unknown);
      await expect(members.add(stranger, workspace.id, { memberId: 'x', role: 'guest' })).rejects.toMatchObject(
        unknown,
      );
      await expect(members.remove(stranger, workspace.id, stranger.actorId)).rejects.toMatchObject(unknown);
      await expect(workspaces.update(stranger, workspace.id, 1, { name: 'x' })).rejects.toMatchObject(unknown);
      expect(await visible(stranger)).toEqual(['default']);
      expect(await visible(viewer)).toEqual(['default', 'lab']);
      expect(await visible({ ...stranger, scopes: ['admin'] })).toEqual(['default', 'lab']);
      const ofAda = await workspaces.list({ ...stranger, scopes: ['admin'] }, { member: ada.actorId });
      expect(ofAda.items.map(({ name }) => name)).toEqual(['lab']);
    });

    it('are given no right by who does not have it himself', async () => {
      const { members, workspace, ada } = await scene();
      await members.add(ada, workspace.id, { memberId: 'adam', role: 'admin' });
      const adam = { ...ada, actorId: 'adam' };
      const give = members.add(adam, workspace.id, { memberId: 'own', role: 'guest', permissions: ['delete'] });
      await expect(give).rejects.toMatchObject({ code: 'not_permitted', details: { right: 'delete' } });
      const { version } = await members.add(adam, workspace.id, {
        memberId: 'own',
        role: 'guest',
        permissions: ['write'],
      });
      const more = members.update(adam, workspace.id, 'own', version, { permissions: ['write', 'delete'] });
      await expect(more).rejects.toMatchObject({ code: 'not_permitted' });
      await members.update(ada, workspace.id, 'own', version, { permissions: ['delete'] });
    });

    it('follow no feed of a private workspace, by whichever door, until they are members', async () => {
      const { caller, workspace, members, ada, http } = await scene();
      const { key, secret } = await given.node
        .get(ApiKeysService)
        .create(caller, { name: 'reader', scopes: ['events:read', 'webhooks:write'] });
      const reader = new HttpClient(given.node.url, secret);
      const client = await SocketClient.open(given.node.url, { key: secret });
      const doors = async (): Promise<unknown[]> => {
        const events = await reader.get(`/v1/workspaces/${workspace.id}/events`);
        const stream = await fetch(`${given.node.url}/v1/workspaces/${workspace.id}/events/stream`, {
          headers: { authorization: `Bearer ${secret}` },
        });
        await stream.body?.cancel();
        const socket = await client.ask('subscribe', { feeds: [{ workspaceId: workspace.id }] });
        const hook = await reader.post('/v1/webhooks', { url: 'https://hook.invalid/', workspaceId: workspace.id });
        return [events.status, stream.status, socket.error?.data.code ?? 'subscribed', hook.status];
      };

      expect(await doors()).toEqual([404, 404, 'not_found', 404]);
      const made = { url: 'https://hook.invalid/', workspaceId: workspace.id, enabled: false };
      const { body: hook } = await http.post<{ id: string }>('/v1/webhooks', made);
      const aside = { headers: { 'if-match': '"1"' } };
      for (const answer of [
        await reader.get(`/v1/webhooks/${hook.id}`),
        await reader.patch(`/v1/webhooks/${hook.id}`, { url: 'https://eve.invalid/' }, aside),
        await reader.post(`/v1/webhooks/${hook.id}/rotate-secret`),
        await reader.post(`/v1/webhooks/${hook.id}/test`),
        await reader.get(`/v1/webhooks/${hook.id}/deliveries`),
        await reader.delete(`/v1/webhooks/${hook.id}`),
      ]) {
        expect(answer).toMatchObject({ status: 404, body: { entity: 'webhook' } });
      }
      expect((await reader.get<{ items: object[] }>('/v1/webhooks')).body.items).toEqual([]);
      await members.add(ada, workspace.id, { memberId: key.id, kind: 'service', role: 'guest' });
      expect(await doors()).toEqual([200, 200, 'subscribed', 201]);
      await given.node.get(WorkspacesService).delete(ada, workspace.id);
      expect((await reader.get(`/v1/workspaces/${workspace.id}/events`)).status).toBe(200);
      expect((await http.get(`/v1/workspaces/${workspace.id}/events`)).status).toBe(200);
      await client.close();
    });

    it.each([['team'], ['public']] as const)('see one that is %s, and do not manage it', async (visibility) => {
      const { members, workspace, actor, ada } = await scene();
      const workspaces = given.node.get(WorkspacesService);
      await workspaces.update(ada, workspace.id, 1, { visibility });
      const stranger = actor();
      const refused = { code: 'not_permitted' };

      expect((await members.list(stranger, workspace.id)).items).toHaveLength(1);
      await expect(members.add(stranger, workspace.id, { memberId: 'x', role: 'guest' })).rejects.toMatchObject(
        refused,
      );
      await expect(workspaces.update(stranger, workspace.id, 2, { name: 'x' })).rejects.toMatchObject(refused);
      await expect(workspaces.delete(stranger, workspace.id)).rejects.toMatchObject(refused);
    });

    it('do what they were permitted besides their role', async () => {
      const { workspace, ada, members, actor } = await scene();
      const workspaces: WorkspacesService = given.node.get(WorkspacesService);
      await members.add(ada, workspace.id, { memberId: 'bob', role: 'viewer', permissions: ['manage'] });
      const renamed: Workspace = await workspaces.update(actor('bob'), workspace.id, 1, { name: 'hall' });
      expect(renamed.name).toBe('hall');
      await expect(workspaces.delete(actor('bob'), workspace.id)).rejects.toMatchObject({ code: 'not_permitted' });
    });
  });

  it('are kept by REST, and refused with the field and the rule', async () => {
    const { http, workspace } = await scene();
    const path = `/v1/workspaces/${workspace.id}/members`;
    const added = await http.post(path, { memberId: 'auth0|bob', kind: 'human', role: 'editor' });
    expect(added).toMatchObject({ status: 201, body: { memberId: 'auth0|bob', kind: 'human', role: 'editor' } });
    const bob = `${path}/${encodeURIComponent('auth0|bob')}`;
    expect((await http.get(bob)).body).toMatchObject({ memberId: 'auth0|bob', version: 1 });
    expect(await http.post(path, { memberId: 'x', role: 'king' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ field: 'role', rule: 'isIn' }] },
    });
    expect((await http.post(path, { memberId: '', role: 'guest' })).status).toBe(400);
    const stranger = await given.tenant();
    expect((await stranger.http.get(path)).status).toBe(404);
    expect((await stranger.http.post(path, { memberId: 'x', role: 'guest' })).status).toBe(404);
  });
});
