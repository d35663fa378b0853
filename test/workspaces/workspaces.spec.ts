import { randomUUID } from 'node:crypto';
import { type AggregatesApp, startAggregatesApp } from '../support/aggregates-app.js';
import type { Customer } from '../support/auth-app.js';

describe('workspaces', () => {
  let app: AggregatesApp;
  let ada: Customer;
  beforeAll(async () => (app = await startAggregatesApp()));
  beforeEach(async () => (ada = await app.customer()));
  afterAll(() => app.stop());

  const create = (name: string) => app.workspaces.create(ada.admin, { name });

  it('are made with a feed that begins with them', async () => {
    const workspace = await app.workspaces.create(ada.admin, { name: 'lab', labels: { floor: '3' } });

    expect(workspace).toMatchObject({
      tenantId: ada.tenantId,
      name: 'lab',
      description: null,
      visibility: 'private',
      status: 'active',
      labels: { floor: '3' },
      createdBy: ada.admin.actorId,
      version: 1,
    });
    const created = {
      seq: 1,
      type: 'workspace.created',
      subjectId: workspace.id,
      data: {
        name: 'lab',
        description: null,
        visibility: 'private',
        status: 'active',
        labels: { floor: '3' },
        version: 1,
      },
    };
    expect(await app.eventsOf(ada.tenantId, workspace.id)).toEqual([expect.objectContaining(created)]);
    expect(await app.eventsOf(ada.tenantId, ada.tenantId)).toEqual([expect.objectContaining(created)]);
  });

  it('have one name each in their tenant, however many are made at once [S122][S128]', async () => {
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => create('lab')));

    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refusals).toHaveLength(49);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'already_exists', details: { key: 'lab' } });
    expect(await app.eventsOf(ada.tenantId, ada.tenantId)).toHaveLength(1);
    expect((await app.workspaces.create((await app.customer()).admin, { name: 'lab' })).name).toBe('lab');
  });

  it('change by version, and everybody sees it at once [S57]', async () => {
    const { id } = await create('lab');
    await app.workspaces.get(ada.admin, id);

    const changed = await app.workspaces.update(ada.admin, id, 1, {
      name: 'hall',
      description: 'big',
      status: 'inactive',
    });

    expect(changed).toMatchObject({ name: 'hall', description: 'big', status: 'inactive', version: 2 });
    expect(await app.workspaces.get(ada.admin, id)).toEqual(changed);
    expect((await app.eventsOf(ada.tenantId, id)).at(-1)).toMatchObject({
      seq: 2,
      type: 'workspace.updated',
      data: { name: 'hall', changes: { name: 'hall', description: 'big', status: 'inactive' }, version: 2 },
    });
  });

  it('let one of a hundred changes of one version win [S58][S123]', async () => {
    const { id } = await create('lab');
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) => app.workspaces.update(ada.admin, id, 1, { description: `${index}` })),
    );

    const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refusals).toHaveLength(99);
    for (const refusal of refusals) {
      expect(refusal).toMatchObject({ code: 'stale_version', details: { givenVersion: 1, currentVersion: 2 } });
    }
    expect(await app.eventsOf(ada.tenantId, id)).toHaveLength(2);
  });

  it('refuse a name that is taken, a version that never was, and ids of others', async () => {
    const [lab, hall] = [await create('lab'), await create('hall')];
    const bob = await app.customer();

    await expect(app.workspaces.update(ada.admin, hall.id, 1, { name: 'lab' })).rejects.toMatchObject({
      code: 'already_exists',
    });
    await expect(app.workspaces.update(ada.admin, lab.id, 9, { name: 'x' })).rejects.toMatchObject({
      code: 'stale_version',
    });
    await expect(app.workspaces.update(ada.admin, randomUUID(), 1, { name: 'x' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(app.workspaces.get(bob.admin, lab.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(app.workspaces.delete(bob.admin, lab.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(app.workspaces.update(ada.admin, lab.id, 1, {})).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('vanish when deleted, but keep their feed and free their name [S60]', async () => {
    const { id } = await create('lab');
    await app.workspaces.get(ada.admin, id);
    await app.workspaces.delete(ada.admin, id);

    await expect(app.workspaces.get(ada.admin, id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(app.workspaces.getForNewWork(ada.tenantId, id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await app.workspaces.list(ada.admin)).items).toEqual([]);
    expect((await app.eventsOf(ada.tenantId, id)).map(({ type }) => type)).toEqual([
      'workspace.created',
      'workspace.deleted',
    ]);
    expect((await create('lab')).id).not.toBe(id);
  });

  it('take new work only while they are active', async () => {
    const { id } = await create('lab');
    expect((await app.workspaces.getForNewWork(ada.tenantId, id)).id).toBe(id);

    await app.workspaces.update(ada.admin, id, 1, { status: 'archived' });

    await expect(app.workspaces.getForNewWork(ada.tenantId, id)).rejects.toMatchObject({
      code: 'workspace_not_active',
      details: { workspaceId: id, workspaceStatus: 'archived' },
    });
  });

  it('are listed by filters, sorted and paged [S35][S40]', async () => {
    const names = async (query: Parameters<typeof app.workspaces.list>[1]) =>
      (await app.workspaces.list(ada.admin, query)).items.map(({ name }) => name);
    const { id } = await create('lab');
    await app.workspaces.create(ada.admin, { name: 'annex', visibility: 'public' });
    await create('hall');
    await app.workspaces.update(ada.admin, id, 1, { status: 'archived' });

    expect(await names({})).toEqual(['lab', 'annex', 'hall']);
    expect(await names({ sort: 'name' })).toEqual(['annex', 'hall', 'lab']);
    expect(await names({ status: ['archived', 'inactive'] })).toEqual(['lab']);
    expect(await names({ visibility: ['public'] })).toEqual(['annex']);
    expect(await names({ name: 'hall' })).toEqual(['hall']);
    expect(await names({ createdBy: 'nobody' })).toEqual([]);

    const first = await app.workspaces.list(ada.admin, { sort: '-name', limit: 2 });
    expect(await names({ sort: '-name', limit: 2, after: first.nextCursor ?? '' })).toEqual(['annex']);
  });

  describe('the default one', () => {
    it('is made once, however many ask for it at once', async () => {
      const workspaces = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          index % 2 ? app.workspaces.ensureDefault(ada.tenantId) : app.workspaces.getForNewWork(ada.tenantId),
        ),
      );

      expect(new Set(workspaces.map(({ id }) => id)).size).toBe(1);
      expect(workspaces[0]).toMatchObject({ name: 'default', visibility: 'team', status: 'active', version: 1 });
      expect(await app.eventsOf(ada.tenantId, ada.tenantId)).toHaveLength(1);
    });

    it('takes the work that names none, and shows its changes there', async () => {
      const { id } = await app.workspaces.getForNewWork(ada.tenantId);
      await app.workspaces.update(ada.admin, id, 1, {
        description: 'everything else',
        name: 'default',
        status: 'active',
      });

      expect(await app.workspaces.getForNewWork(ada.tenantId)).toMatchObject({
        id,
        description: 'everything else',
        version: 2,
      });
    });

    it('cannot be renamed, deactivated or deleted', async () => {
      const { id } = await app.workspaces.ensureDefault(ada.tenantId);
      const refusal = { code: 'default_workspace', details: { workspaceId: id } };

      await expect(app.workspaces.update(ada.admin, id, 1, { name: 'other' })).rejects.toMatchObject(refusal);
      await expect(app.workspaces.update(ada.admin, id, 1, { status: 'archived' })).rejects.toMatchObject(refusal);
      await expect(app.workspaces.delete(ada.admin, id)).rejects.toMatchObject(refusal);
      expect(await app.workspaces.get(ada.admin, id)).toMatchObject({ name: 'default', status: 'active', version: 1 });
    });
  });
});
