import type { Caller } from '../../src/shared/auth/index.js';
import { AuditService } from '../../src/shared/audit/index.js';
import {
  LocksService,
  MembersService,
  type Role,
  StateService,
  type WorkspaceLock,
  WorkspacesService,
  WorkspaceUpkeep,
} from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';
import { HttpClient } from '../support/http-client.js';

describe('the lock of a workspace', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const tenant = await given.tenant();
    const { tenantId, rows } = tenant;
    const actor = (actorId: string): Caller => ({ tenantId, actorId, scopes: ['workspaces:write'] });
    const ada = actor('ada');
    const { node } = given;
    const [locks, members, states, workspaces] = [
      node.get(LocksService),
      node.get(MembersService),
      node.get(StateService),
      node.get(WorkspacesService),
    ];
    const { id } = await workspaces.create(ada, { name: 'lab' });
    const join = async (memberId: string, role: Role): Promise<Caller> => {
      await members.add(ada, id, { memberId, role });
      return actor(memberId);
    };
    const runOut = () =>
      rows(`UPDATE workspaces SET lock_expires_at = now() - interval '1 second' WHERE tenant_id = $1`);
    const told = async () => {
      const events = await rows<{ type: string; data: { holder: string; token: number; why?: string } }>(
        `SELECT type, data FROM events WHERE tenant_id = $1 AND feed_id = $2 AND type IN ('workspace.locked', 'workspace.unlocked')
         ORDER BY seq`,
        id,
      );
      return events.map(({ data }) => `${data.holder} ${data.token} ${data.why ?? 'locked'}`);
    };
    return { ...tenant, actor, ada, id, join, runOut, told, locks, members, states, workspaces };
  }
  const MINUTE = { seconds: 60 };

  it('refuses the writes of all others, who are told of the holder and the end, and lets the holder write', async () => {
    const { ada, id, join, locks, members, states, workspaces, caller, rows } = await scene();
    const bob = await join('bob', 'owner');
    const lock = await locks.take(ada, id, { seconds: 60, reason: 'moving house' });
    expect(lock).toMatchObject({ holder: 'ada', token: 1, reason: 'moving house' });
    expect(lock.expiresAt.getTime() - lock.since.getTime()).toBe(60_000);

    const refused = (by: Caller) => [
      () => workspaces.update(by, id, 1, { description: 'mine' }),
      () => workspaces.delete(by, id),
      () => members.add(by, id, { memberId: 'eve', role: 'viewer' }),
      () => members.update(by, id, 'ada', 1, { permissions: [] }),
      () => members.remove(by, id, 'ada'),
      () => members.remove(by, id, 'bob'),
      () => states.update(by, id, 0, {}),
      () => states.restore(by, id, 0, 1),
      () => locks.take(by, id, MINUTE),
    ];
    for (const write of [...refused(bob), ...refused(caller)]) {
      const error = await write().then(
        () => undefined,
        (refusal: unknown) => refusal,
      );
      expect(error).toMatchObject({
        kind: 'locked',
        code: 'workspace_locked',
        details: { holder: 'ada', reason: 'moving house', expiresAt: lock.expiresAt.toISOString() },
      });
      expect((error as { retryAfterSeconds: number }).retryAfterSeconds).toBeGreaterThan(50);
    }
    expect(await states.get(bob, id)).toBeUndefined();
    expect(await states.update(ada, id, 0, { n: 1 })).toMatchObject({ version: 1 });
    expect(await members.add(ada, id, { memberId: 'eve', role: 'viewer' })).toMatchObject({ memberId: 'eve' });
    expect(await workspaces.update(ada, id, 1, { description: 'hers' })).toMatchObject({ version: 2 });
    await workspaces.delete(ada, id);
    expect(await rows(`SELECT 1 FROM workspaces WHERE tenant_id = $1 AND lock_holder IS NOT NULL`)).toEqual([]);
  });

  it('is had by one of a hundred who ask at once on two nodes, with a token that rises with each holder', async () => {
    const { ada, id, join, locks, told } = await scene();
    const callers = [ada, ...(await Promise.all(['bob', 'eve', 'kim', 'lee'].map((name) => join(name, 'editor'))))];
    const second = given.second.get(LocksService);
    const tokens: number[] = [];
    for (let round = 1; round <= 3; round++) {
      const take = (_: unknown, n: number) =>
        (n % 2 ? second : locks).take(callers[n % callers.length] as Caller, id, MINUTE);
      const results = await Promise.allSettled(Array.from({ length: 100 }, take));
      const won = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(new Set(won.map(({ holder, token }) => `${holder} ${token}`)).size).toBe(1);
      expect(new Set(outcomes(results))).toEqual(new Set(['fulfilled', 'workspace_locked']));
      const { holder, token } = won[0] as WorkspaceLock;
      tokens.push(token);
      await locks.release({ ...ada, actorId: holder }, id, token);
    }
    expect(tokens).toEqual([1, 2, 3]);
    expect(await told()).toHaveLength(6);
  });

  it('lets no write through that began before it and commits after it', async () => {
    const { ada, id, join, locks, states } = await scene();
    const bob = await join('bob', 'editor');
    let version = 0;
    for (let round = 0; round < 20; round++) {
      const write = states.update(bob, id, version, { round }).then(
        () => true,
        () => false,
      );
      const { token } = await given.second.get(LocksService).take(ada, id, MINUTE);
      const seen = (await states.get(ada, id))?.version ?? 0;
      await write;
      expect((await states.get(ada, id))?.version ?? 0).toBe(seen);
      version = seen;
      await locks.release(ada, id, token);
    }
  });

  it('is renewed by its holder under its token, and lost when it ran out and another took it', async () => {
    const { ada, id, join, locks, runOut, told } = await scene();
    const bob = await join('bob', 'editor');
    const first = await locks.take(ada, id, MINUTE);
    const again = await locks.take(ada, id, { seconds: 120 });
    expect(again).toMatchObject({ token: 1, since: first.since });
    expect(await locks.renew(ada, id, { token: 1, seconds: 600 })).toMatchObject({ token: 1, since: first.since });
    await expect(locks.renew(bob, id, { token: 1, seconds: 60 })).rejects.toMatchObject({ code: 'lock_lost' });
    await expect(locks.release(bob, id, 1)).rejects.toMatchObject({ code: 'lock_lost' });

    await runOut();
    expect(await locks.find(ada, id)).toBeUndefined();
    await expect(locks.renew(ada, id, { token: 1, seconds: 60 })).rejects.toMatchObject({
      code: 'lock_lost',
      details: { currentToken: null },
    });
    expect(await locks.take(bob, id, MINUTE)).toMatchObject({ holder: 'bob', token: 2 });
    const lost = { code: 'lock_lost', details: { givenToken: 1, currentToken: 2, holder: 'bob' } };
    await expect(locks.renew(ada, id, { token: 1, seconds: 60 })).rejects.toMatchObject(lost);
    await expect(locks.release(ada, id, 1)).rejects.toMatchObject(lost);
    // His own, but not under this token: another process of his holds it.
    await expect(locks.release(bob, id, 1)).rejects.toMatchObject(lost);
    await locks.release(bob, id);
    // A sweep may have been faster than bob.
    const heard = (await told()).filter((one) => one !== 'ada 1 expired');
    expect(heard).toEqual(['ada 1 locked', 'bob 2 locked', 'bob 2 released']);
  });

  it('runs out by the clock of the database, for writers at once and for the feed with the sweep, once', async () => {
    const { ada, id, join, locks, states, runOut, told } = await scene();
    const bob = await join('bob', 'editor');
    await locks.take(ada, id, MINUTE);
    await runOut();
    expect(await states.update(bob, id, 0, { n: 1 })).toMatchObject({ version: 1 });
    await Promise.all([given.node, given.second].map((node) => node.get(WorkspaceUpkeep).expire()));
    expect(await told()).toEqual(['ada 1 locked', 'ada 1 expired']);
    expect(await locks.take(bob, id, MINUTE)).toMatchObject({ token: 2 });
  });

  it('is taken from its holder by who may manage the workspace, which is audited', async () => {
    const { ada, id, join, locks, states, told, http, key, caller, rows } = await scene();
    const [bob, eve] = [await join('bob', 'editor'), await join('eve', 'admin')];
    await locks.take(bob, id, MINUTE);
    await expect(locks.forceRelease({ ...ada, actorId: 'nobody' }, id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(locks.forceRelease(bob, id)).rejects.toMatchObject({ code: 'not_permitted' });
    expect(await locks.forceRelease(eve, id)).toMatchObject({ holder: 'bob', token: 1 });
    await expect(locks.renew(bob, id, { token: 1, seconds: 60 })).rejects.toMatchObject({ code: 'lock_lost' });
    await expect(locks.forceRelease(eve, id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await states.update(ada, id, 0, {})).toMatchObject({ version: 1 });

    await locks.take(ada, id, MINUTE);
    const forced = await http.post(`/v1/workspaces/${id}/lock/force-release`);
    expect(forced).toMatchObject({ status: 200, body: { holder: 'ada', token: 2 } });
    expect(await told()).toEqual(['bob 1 locked', 'bob 1 forced', 'ada 2 locked', 'ada 2 forced']);
    expect(key).not.toBe('');
    const [entry] = await given.node.get(AuditService).list(caller, {}, undefined, 1);
    expect(entry).toMatchObject({
      operation: 'POST /v1/workspaces/:id/lock/force-release',
      subjectId: id,
      status: 200,
    });
    const recorded = await rows(
      `SELECT details FROM workspace_activity WHERE tenant_id = $1 AND type = 'lock_forced' ORDER BY at`,
    );
    expect(recorded).toEqual([{ details: { holder: 'bob', token: 1 } }, { details: { holder: 'ada', token: 2 } }]);
  });

  it('is over HTTP what it is in process', async () => {
    const { id, http, keyFor } = await scene();
    const path = `/v1/workspaces/${id}/lock`;
    expect((await http.get(path)).status).toBe(404);
    for (const body of [{}, { seconds: 0 }, { seconds: 1_801 }, { seconds: 1.5 }, { seconds: 5, reason: 7 }]) {
      expect((await http.post(path, body)).status).toBe(400);
    }
    const { body: lock } = await http.post<{ token: number }>(path, MINUTE);
    const other = new HttpClient(given.node.url, await keyFor('admin'));
    const refused = await other.put(`/v1/workspaces/${id}/state`, { state: {} }, { headers: { 'if-match': '"0"' } });
    expect(refused).toMatchObject({ status: 423, body: { code: 'workspace_locked' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect((await other.get(path)).body).toEqual(lock);
    expect((await http.post(`${path}/renew`, { token: 7, seconds: 60 })).status).toBe(409);
    expect((await http.post(`${path}/renew`, { token: lock.token, seconds: 60 })).status).toBe(200);
    expect((await http.delete(`${path}?token=${lock.token}`)).status).toBe(204);
    expect((await http.delete(`${path}?token=${lock.token}`)).status).toBe(409);
    expect((await (await given.tenant()).http.post(path, MINUTE)).status).toBe(404);
  });
});
