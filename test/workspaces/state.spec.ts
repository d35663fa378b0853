import type { Caller } from '../../src/shared/auth/index.js';
import { MembersService, StateService, WorkspacesService } from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';

describe('the state of a workspace', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const tenant = await given.tenant();
    const ada: Caller = { tenantId: tenant.tenantId, actorId: 'ada', scopes: ['workspaces:write'] };
    const { id } = await given.node.get(WorkspacesService).create(ada, { name: 'lab' });
    const path = `/v1/workspaces/${id}/state`;
    const put = (version: number, body: unknown) =>
      tenant.http.put(path, body, { headers: { 'if-match': `"${version}"` } });
    return { ...tenant, ada, id, path, put, states: given.node.get(StateService) };
  }

  it('is empty at first, and then what was written last', async () => {
    const { http, path, put } = await scene();
    const before = await http.get(path);
    expect(before.body).toEqual({ state: {}, version: 0, updatedBy: null, updatedAt: null });
    expect(before.headers.get('etag')).toBe('"0"');

    const written = await put(0, { state: { goal: 'ship', steps: [1, 2] } });
    expect(written.headers.get('etag')).toBe('"1"');
    expect(written.body).toMatchObject({ state: { goal: 'ship', steps: [1, 2] }, version: 1 });
    expect((await http.get(path)).body).toEqual(written.body);
    expect((await http.get(path, { headers: { 'if-none-match': '"1"' } })).status).toBe(304);
  });

  it('is written by comparing its version, of many writers on two nodes by one each [S76][S77][S78]', async () => {
    const { ada, id, states } = await scene();
    const second = given.second.get(StateService);
    const write = (version: number) => (_: unknown, n: number) =>
      (n % 2 ? second : states).update(ada, id, version, { by: n });
    for (let version = 0; version < 5; version++) {
      const results = await Promise.allSettled(Array.from({ length: 20 }, write(version)));
      expect(outcomes(results).filter((one) => one === 'fulfilled')).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') {
          expect(result.reason).toMatchObject({ code: 'stale_version', details: { currentVersion: version + 1 } });
        }
      }
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      expect(await states.get(ada, id)).toMatchObject({ version: version + 1, state: { by: winner } });
    }
    await expect(states.update(ada, id, 9, {})).rejects.toMatchObject({ code: 'stale_version' });
  });

  it('counts right by reading and comparing, from 20 connections', async () => {
    const { ada, id, states } = await scene();
    const increment = async (n: number): Promise<void> => {
      const service = n % 2 ? given.second.get(StateService) : states;
      for (;;) {
        const { state = { n: 0 }, version = 0 } = (await service.get(ada, id)) ?? {};
        try {
          await service.update(ada, id, version, { n: Number(state.n) + 1 });
          return;
        } catch (error) {
          if ((error as { code?: string }).code !== 'stale_version') throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: 60 }, (_, n) => increment(n)));
    expect(await states.get(ada, id)).toMatchObject({ state: { n: 60 }, version: 60 });
  });

  it('tells of each version in the feed, in the transaction that wrote it', async () => {
    const { ada, id, states, rows } = await scene();
    await states.update(ada, id, 0, { a: 1 });
    await states.update(ada, id, 1, { a: 2 });
    await states.restore(ada, id, 2, 1);
    const failed = given.node.transactions.run({}, async () => {
      await states.update(ada, id, 3, { a: 4 });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');

    const events = await rows<{ data: unknown }>(
      `SELECT data FROM events WHERE tenant_id = $1 AND feed_id = $2 AND type = 'workspace.state_updated' ORDER BY seq`,
      id,
    );
    expect(events.map(({ data }) => data)).toEqual([
      { version: 1, bytes: 7 },
      { version: 2, bytes: 7 },
      { version: 3, bytes: 7, restored: 1 },
    ]);
    expect(await states.get(ada, id)).toMatchObject({ version: 3, state: { a: 1 } });
  });

  it('keeps the last hundred versions, newest first, to be read and restored', async () => {
    const { ada, id, states, http, path } = await scene();
    for (let n = 0; n < 105; n++) await states.update(ada, id, n, { n });
    const seen: number[] = [];
    for (let query = '?limit=40'; ;) {
      const { body } = await http.get<{ items: { version: number }[]; nextCursor: string | null }>(
        `${path}/history${query}`,
      );
      seen.push(...body.items.map(({ version }) => version));
      if (body.nextCursor === null) break;
      query = `?limit=40&after=${body.nextCursor}`;
    }

    expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => 105 - n));
    expect((await http.get(`${path}?version=6`)).body).toMatchObject({ version: 6, state: { n: 5 } });
    expect((await http.get(`${path}?version=5`)).status).toBe(404);
    const restore = (version: number, current: number) =>
      http.post(`${path}/restore`, { version }, { headers: { 'if-match': `"${current}"` } });
    expect((await restore(5, 105)).status).toBe(404);
    expect((await restore(6, 104)).status).toBe(412);
    expect(await restore(6, 105)).toMatchObject({ status: 200, body: { version: 106, state: { n: 5 } } });
  });

  it('refuses what it cannot keep, and stays as it was', async () => {
    const { ada, id, put, http, path, states } = await scene();
    await states.update(ada, id, 0, { a: 1 });
    expect(await put(1, { state: { text: 'x'.repeat(256 * 1024) } })).toMatchObject({
      status: 413,
      body: { code: 'state_too_large', limit: 262_144 },
    });
    expect(await put(1, { state: [1] })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'state', rule: 'isJsonObject' }] },
    });
    expect((await http.put(path, { state: {} })).status).toBe(428);
    expect(await put(0, { state: {} })).toMatchObject({ status: 412, body: { currentVersion: 1 } });
    expect((await put(7, { state: {} })).status).toBe(412);
    expect((await http.post(`${path}/restore`, { version: 0 }, { headers: { 'if-match': '"1"' } })).status).toBe(400);
    const stranger = await given.tenant();
    const strange = await stranger.http.put(path, { state: {} }, { headers: { 'if-match': '"1"' } });
    expect(strange.status).toBe(404);
    expect((await http.get(path)).body).toMatchObject({ version: 1, state: { a: 1 } });
  });

  it('is written by who may, while the workspace is active', async () => {
    const { ada, id, states } = await scene();
    const members = given.node.get(MembersService);
    await members.add(ada, id, { memberId: 'bob', role: 'viewer' });
    const bob = { ...ada, actorId: 'bob' };
    await expect(states.update(bob, id, 0, {})).rejects.toMatchObject({ code: 'not_permitted' });
    expect(await states.get(bob, id)).toBeUndefined();
    await expect(states.get({ ...ada, actorId: 'eve' }, id)).rejects.toMatchObject({ code: 'not_found' });

    await given.node.get(WorkspacesService).update(ada, id, 1, { status: 'archived' });
    await expect(states.update(ada, id, 0, {})).rejects.toMatchObject({ code: 'workspace_not_active' });
  });

  it('changes once for a repeated request', async () => {
    const { http, path } = await scene();
    const headers = { 'if-match': '"0"', 'idempotency-key': 'once' };
    const first = await http.put(path, { state: { a: 1 } }, { headers });
    const again = await http.put(path, { state: { a: 1 } }, { headers });
    expect(again).toMatchObject({ status: 200, body: first.body });
    expect((await http.put(path, { state: { a: 2 } }, { headers })).status).toBe(422);
    expect((await http.get(path)).body).toMatchObject({ version: 1 });
  });
});
