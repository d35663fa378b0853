import type { Caller } from '../../src/shared/auth/index.js';
import { LocksService, MembersService, MessagesService, WorkspacesService } from '../../src/workspaces/index.js';
import { startGiven } from '../support/given.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';

describe('messages in a workspace', () => {
  const given = startGiven();

  async function scene() {
    const tenant = await given.tenant();
    const { tenantId, rows } = tenant;
    const actor = (actorId: string): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const ada = actor('ada');
    const { id } = await given.node.get(WorkspacesService).create(ada, { name: 'lab', visibility: 'public' });
    await given.node.get(MembersService).add(ada, id, { memberId: 'bob', role: 'commenter' });
    const said = () =>
      rows<{ actor: string; data: unknown }>(
        `SELECT actor_id AS actor, data FROM events
         WHERE tenant_id = $1 AND feed_id = $2 AND type = 'workspace.message' ORDER BY seq`,
        id,
      );
    return { ...tenant, actor, ada, id, said, messages: given.node.get(MessagesService), path: `/v1/workspaces/${id}` };
  }

  it('are heard in the feed, in order, by all or meant for one', async () => {
    const { messages, ada, actor, id, said } = await scene();
    await messages.send(ada, id, { text: 'hello' });
    await messages.send(actor('bob'), id, { text: 'hi' }, 'ada');
    const failed = given.node.transactions.run({}, async () => {
      await messages.send(ada, id, { text: 'lost' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await said()).toEqual([
      { actor: 'ada', data: { to: null, message: { text: 'hello' } } },
      { actor: 'bob', data: { to: 'ada', message: { text: 'hi' } } },
    ]);
  });

  it('are of those who may comment, to those who are members, also while it is locked', async () => {
    const { messages, ada, actor, id, said, path } = await scene();
    const refused = { code: 'not_permitted' };
    await expect(messages.send(actor('eve'), id, {})).rejects.toMatchObject(refused);
    await expect(messages.send(actor('eve'), id, {}, 'ada')).rejects.toMatchObject(refused);
    await expect(messages.send(ada, id, {}, 'eve')).rejects.toMatchObject({ code: 'not_found' });
    const stranger = await given.tenant();
    expect((await stranger.http.post(`${path}/broadcast`, { message: {} })).status).toBe(404);
    expect((await stranger.http.post(`${path}/messages`, { to: 'ada', message: {} })).status).toBe(404);
    await given.node.get(LocksService).take(ada, id, { seconds: 60 });
    await messages.send(actor('bob'), id, { still: 'here' });
    expect(await said()).toHaveLength(1);
  });

  it('are small JSON objects', async () => {
    const { http, path, said } = await scene();
    for (const body of [{}, { message: 'text' }, { message: null }, { message: [] }, { message: {}, to: 'ada' }]) {
      expect((await http.post(`${path}/broadcast`, body)).status).toBe(400);
    }
    for (const to of [undefined, '', 7, 'x'.repeat(257)]) {
      expect((await http.post(`${path}/messages`, { to, message: {} })).status).toBe(400);
    }
    const text = 'ü'.repeat(8_200);
    expect(await http.post(`${path}/broadcast`, { message: { text } })).toMatchObject({
      status: 413,
      body: { code: 'payload_too_large', field: 'message', limit: 16_384 },
    });
    expect(await said()).toEqual([]);
  });

  it('go over WebSocket too, with the other methods of a workspace', async () => {
    const { key, keyFor } = await scene();
    const [ada, bob] = [
      await SocketClient.open(given.node.url, { key }),
      await SocketClient.open(given.node.url, { key: await keyFor('workspaces:write', 'events:read') }),
    ];
    const { id } = await ada.call<{ id: string }>('workspace.create', { name: 'room', visibility: 'team' });
    const { memberId } = await bob.call<{ memberId: string }>('workspace.join', { id });
    await bob.call('subscribe', { feeds: [{ workspaceId: id, after: 0 }], types: ['workspace.message'] });
    await ada.call('workspace.broadcast', { id, message: { text: 'all' } });
    await ada.call('workspace.message', { id, to: memberId, message: { text: 'you' } });
    const heard = () =>
      bob
        .notices('events')
        .flatMap((notice) => notice.events as { data: unknown }[])
        .map(({ data }) => data);
    await until(() => heard().length === 2);
    expect(heard()).toEqual([
      { to: null, message: { text: 'all' } },
      { to: memberId, message: { text: 'you' } },
    ]);

    const named = { id, member: 'idp|o/ü c:1?x' };
    await ada.call('workspace.addMember', { id, memberId: named.member, role: 'viewer' });
    expect(await ada.call('workspace.getMember', named)).toMatchObject({ memberId: named.member, version: 1 });
    await ada.call('workspace.updateMember', { ...named, ifMatch: 1, role: 'editor' });
    await ada.call('workspace.removeMember', named);
    for (const member of ['..', '.', '', 7, undefined, 'x'.repeat(257)]) {
      const { error } = await ada.ask('workspace.removeMember', { id, member });
      expect(error?.data).toMatchObject({ errors: [{ field: 'member' }] });
    }
    expect(await ada.call('workspace.get', { id })).toMatchObject({ id });

    await bob.call('workspace.updateState', { id, ifMatch: 0, state: { n: 1 } });
    expect(await ada.call('workspace.getState', { id })).toMatchObject({ state: { n: 1 }, version: 1 });
    expect((await ada.call<{ items: unknown[] }>('workspace.listMembers', { id })).items).toHaveLength(2);
    await bob.call('workspace.leave', { id });
    expect((await ada.call<{ items: unknown[] }>('workspace.listMembers', { id })).items).toHaveLength(1);
    await Promise.all([ada.close(), bob.close()]);
  });
});
