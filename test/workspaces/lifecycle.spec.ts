import type { Caller } from '../../src/shared/auth/index.js';
import { AuditService } from '../../src/shared/audit/index.js';
import { ActivityService, PresenceService, StateService, WorkspacesService } from '../../src/workspaces/index.js';
import { outcomes, startGiven } from '../support/given.js';

describe('a workspace', () => {
  const given = startGiven({ nodes: 2 });

  async function scene() {
    const tenant = await given.tenant();
    const { tenantId, rows } = tenant;
    const ada: Caller = { tenantId, actorId: 'ada', scopes: ['workspaces:write'] };
    const workspaces = given.node.get(WorkspacesService);
    const told = async (feedId: string) =>
      (
        await rows<{ type: string }>(
          `SELECT type FROM events WHERE tenant_id = $1 AND feed_id = $2 ORDER BY seq`,
          feedId,
        )
      ).map(({ type }) => type);
    const age = (id: string, hours: number) =>
      rows(
        `UPDATE workspaces SET deleted_at = now() - $3 * interval '1 hour' WHERE tenant_id = $1 AND id = $2`,
        id,
        hours,
      );
    return { ...tenant, ada, workspaces, told, age };
  }

  describe('that is archived', () => {
    it('takes no new work until it is unarchived, which its feed and the tenant hear of once', async () => {
      const { ada, workspaces, told, tenantId, task } = await scene();
      const { id } = await workspaces.create(ada, { name: 'lab' });
      const archive = (_: unknown, n: number) =>
        (n % 2 ? given.second.get(WorkspacesService) : workspaces).archive(ada, id);
      const all = await Promise.all(Array.from({ length: 40 }, archive));
      expect(new Set(all.map(({ status, version }) => `${status} ${version}`))).toEqual(new Set(['archived 2']));
      await expect(task({ workspaceId: id })).rejects.toMatchObject({ code: 'workspace_not_active' });
      await expect(given.node.get(StateService).update(ada, id, 0, {})).rejects.toMatchObject({
        code: 'workspace_not_active',
      });

      expect(await workspaces.unarchive(ada, id)).toMatchObject({ status: 'active', version: 3 });
      expect(await workspaces.unarchive(ada, id)).toMatchObject({ status: 'active', version: 3 });
      expect(await told(id)).toEqual(['workspace.created', 'workspace.archived', 'workspace.unarchived']);
      expect((await told(tenantId)).slice(-2)).toEqual(['workspace.archived', 'workspace.unarchived']);
    });

    it('is not the default one, and not by who may not manage it', async () => {
      const { ada, workspaces, workspace, http } = await scene();
      expect(await http.post(`/v1/workspaces/${workspace.id}/archive`)).toMatchObject({
        status: 409,
        body: { code: 'default_workspace' },
      });
      const { id } = await workspaces.create(ada, { name: 'lab', visibility: 'team' });
      const bob = { ...ada, actorId: 'bob' };
      await expect(workspaces.archive(bob, id)).rejects.toMatchObject({ code: 'not_permitted' });
      expect(await http.post(`/v1/workspaces/${id}/archive`)).toMatchObject({ body: { status: 'archived' } });
      expect((await (await given.tenant()).http.post(`/v1/workspaces/${id}/unarchive`)).status).toBe(404);
    });
  });

  describe('that was deleted', () => {
    it('is purged when that was long ago, with all that is its own; its feed and its tasks stay', async () => {
      const { ada, workspaces, told, age, tenantId, rows, task, get, caller, http } = await scene();
      const [old, fresh, live] = [
        await workspaces.create(ada, { name: 'old' }),
        await workspaces.create(ada, { name: 'fresh' }),
        await workspaces.create(ada, { name: 'live' }),
      ];
      for (const { id } of [old, fresh, live]) {
        await given.node.get(StateService).update(ada, id, 0, {});
        await given.node.get(ActivityService).record(ada, id, { type: 'x' });
        await given.node.get(PresenceService).update(ada, id, { status: 'online' });
      }
      const { id: taskId } = await task({ workspaceId: old.id });
      await workspaces.delete(ada, old.id);
      await workspaces.delete(ada, fresh.id);
      await age(old.id, 48);

      const deletedBefore = new Date(Date.now() - 24 * 3_600_000).toISOString();
      const purged = await http.post('/v1/workspaces/purge', { deletedBefore });
      expect(purged).toMatchObject({ status: 200, body: { ids: [old.id], hasMore: false } });
      for (const table of ['workspace_members', 'workspace_states', 'workspace_activity', 'workspace_presence']) {
        const left = await rows<{ id: string }>(
          `SELECT workspace_id AS id FROM ${table} WHERE tenant_id = $1 ORDER BY 1`,
        );
        expect(left.map(({ id }) => id)).toEqual([fresh.id, live.id].sort());
      }
      expect((await told(old.id)).at(-1)).toBe('workspace.deleted');
      expect((await told(tenantId)).at(-1)).toBe('workspace.purged');
      expect(await get(taskId)).toMatchObject({ workspaceId: old.id });
      const [entry] = await given.node.get(AuditService).list(caller, {}, undefined, 1);
      expect(entry).toMatchObject({ operation: 'POST /v1/workspaces/purge', status: 200 });
    });

    it('is purged once, however many purge at once, a bounded number at a time', async () => {
      const { ada, workspaces, age, caller, http } = await scene();
      for (let n = 0; n < 12; n++) {
        const { id } = await workspaces.create(ada, { name: `w ${n}` });
        await workspaces.delete(ada, id);
        await age(id, 100 + n);
      }
      const before = new Date();
      const purge = (_: unknown, n: number) =>
        (n % 2 ? given.second.get(WorkspacesService) : workspaces).purge(caller, before, 2);
      const results = await Promise.allSettled(Array.from({ length: 20 }, purge));
      expect(new Set(outcomes(results))).toEqual(new Set(['fulfilled']));
      const ids = results.flatMap((one) => (one.status === 'fulfilled' ? one.value.map(({ id }) => id) : []));
      expect(new Set(ids).size).toBe(ids.length);
      const rest = await http.post<{ ids: string[] }>('/v1/workspaces/purge', { deletedBefore: before });
      expect(ids.length + rest.body.ids.length).toBe(12);
    });

    it('is not purged by who is no admin, nor without a time', async () => {
      const { http } = await scene();
      for (const body of [{}, { deletedBefore: 'x' }, { deletedBefore: '2026-01-01T00:00:00Z', limit: 101 }]) {
        expect((await http.post('/v1/workspaces/purge', body)).status).toBe(400);
      }
    });
  });
});
