import { randomUUID } from 'node:crypto';
import { type AggregatesApp, startAggregatesApp } from '../support/aggregates-app.js';
import { type Call, type Customer, json } from '../support/auth-app.js';

describe('/v1/workspaces', () => {
  let app: AggregatesApp;
  let ada: Customer;
  beforeAll(async () => (app = await startAggregatesApp()));
  beforeEach(async () => (ada = await app.customer()));
  afterAll(() => app.stop());

  const call = (path: string, more: Call = {}) => app.call(`/v1/workspaces${path}`, { key: ada.key, ...more });
  const create = (body: unknown, more: Call = {}) => call('', { method: 'POST', body, ...more });

  it('creates, reads with a tag, and answers 304 to who has it', async () => {
    const created = await create({ name: 'lab', description: 'white coats' });
    const workspace = await json(created.clone());
    const read = await call(`/${String(workspace.id)}`);
    const known = await call(`/${String(workspace.id)}`, { headers: { 'if-none-match': '"1"' } });

    expect([created.status, read.status, known.status]).toEqual([201, 200, 304]);
    expect(created.headers.get('etag')).toBe('"1"');
    expect(workspace).toEqual({
      id: expect.any(String) as unknown,
      name: 'lab',
      description: 'white coats',
      visibility: 'private',
      status: 'active',
      labels: {},
      createdBy: ada.admin.actorId,
      createdAt: expect.stringMatching(/Z$/) as unknown,
      updatedAt: workspace.createdAt,
      version: 1,
    });
    expect(await json(read)).toEqual(workspace);
  });

  it('refuses a taken name with 409, and what it cannot read with 400', async () => {
    await create({ name: 'lab' });

    expect((await create({ name: 'lab' })).status).toBe(409);
    expect((await create({ name: 'lab ' })).status).toBe(400);
    expect((await create({ name: 'x', status: 'active' })).status).toBe(400);
    expect((await create({ name: 'x', visibility: 'secret' })).status).toBe(400);
    expect((await call('/not-a-uuid')).status).toBe(400);
    expect((await json(call('?sort=colour'))).detail).toContain('createdAt');
  });

  it('changes by version: 428 without, 412 when stale with the current one', async () => {
    const { id } = await json(create({ name: 'lab' }));
    const patch = (headers: Record<string, string>) =>
      call(`/${String(id)}`, { method: 'PATCH', body: { description: null, name: 'hall' }, headers });

    expect((await patch({})).status).toBe(428);
    const changed = await patch({ 'if-match': '"1"' });
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(await json(changed)).toMatchObject({ name: 'hall', version: 2 });
    const stale = await patch({ 'if-match': '"1"' });
    expect(stale.status).toBe(412);
    expect(await json(stale)).toMatchObject({ code: 'stale_version', currentVersion: 2 });
  });

  it('deletes, but not the default one', async () => {
    const { id } = await json(create({ name: 'lab' }));
    const standard = await app.workspaces.ensureDefault(ada.tenantId);

    expect((await call(`/${String(id)}`, { method: 'DELETE' })).status).toBe(204);
    expect((await call(`/${String(id)}`)).status).toBe(404);
    const refusal = await call(`/${standard.id}`, { method: 'DELETE' });
    expect(refusal.status).toBe(409);
    expect((await json(refusal)).code).toBe('default_workspace');
  });

  it('lists the tenant’s own only', async () => {
    await create({ name: 'lab' });
    const { key } = await app.customer();

    expect(((await json(call(''))).items as unknown[]).length).toBe(1);
    expect((await json(call('', { key }))).items).toEqual([]);
  });

  describe('and its feed', () => {
    const feed = (id: unknown, query = '', more: Call = {}) => call(`/${String(id)}/events${query}`, more);

    it('gives CloudEvents after the cursor, filtered by type', async () => {
      const { id } = await json(create({ name: 'lab' }));
      await app.workspaces.update(ada.admin, String(id), 1, { description: 'x' });

      const all = await json(feed(id, '?after=0'));
      expect(all).toMatchObject({ next: 2, events: [{ type: 'workspace.created' }, { type: 'workspace.updated' }] });
      expect((all.events as unknown[])[0]).toEqual({
        specversion: '1.0',
        id: `${String(id)}:1`,
        type: 'workspace.created',
        source: `/v1/workspaces/${String(id)}`,
        subject: `workspace/${String(id)}`,
        time: expect.stringMatching(/Z$/) as unknown,
        sequence: 1,
        feed: id,
        datacontenttype: 'application/json',
        data: expect.objectContaining({ name: 'lab', version: 1 }) as unknown,
        actor: ada.admin.actorId,
      });
      expect(await json(feed(id, '?after=1&limit=1'))).toMatchObject({ next: 2, events: [{ sequence: 2 }] });
      expect(await json(feed(id, '?types=workspace.updated'))).toMatchObject({ events: [{ sequence: 2 }] });
      expect(await json(feed(id, '?types=workspace.*&limit=1'))).toMatchObject({ events: [{ sequence: 1 }] });
      expect(await json(feed(id, `?subjects=${String(id)}&after=1`))).toMatchObject({ events: [{ sequence: 2 }] });
      expect((await feed(id, '?types=workspace.')).status).toBe(400);
      expect((await feed(id, '?subjects=lab')).status).toBe(400);
      expect(await json(feed(id, '?after=2'))).toEqual({ events: [], next: 2 });
      expect((await feed(id, '?after=3')).status).toBe(410);
      expect((await feed(id, '?after=-1')).status).toBe(400);
      expect((await feed(id, '?wait=31')).status).toBe(400);
    });

    it('waits for the next event and answers as soon as it is there', async () => {
      const { id } = await json(create({ name: 'lab' }));
      const begun = performance.now();
      let answered = false;
      const waiting = json(feed(id, '?after=1&wait=30')).finally(() => (answered = true));
      await json(feed(id, '?after=1&wait=1'));
      expect(answered).toBe(false);

      await app.workspaces.update(ada.admin, String(id), 1, { description: 'x' });

      expect(await waiting).toMatchObject({ events: [{ sequence: 2, type: 'workspace.updated' }], next: 2 });
      expect(performance.now() - begun).toBeLessThan(20_000);
    });

    it('answers with nothing after the time it was asked to wait', async () => {
      const { id } = await json(create({ name: 'lab' }));
      const begun = performance.now();

      expect(await json(feed(id, '?after=1&wait=1'))).toEqual({ events: [], next: 1 });
      expect(performance.now() - begun).toBeGreaterThanOrEqual(990);
    });

    it('is another tenant’s business to nobody, and of a deleted workspace still there', async () => {
      const { id } = await json(create({ name: 'lab' }));
      const { key } = await app.customer();
      await call(`/${String(id)}`, { method: 'DELETE' });

      expect((await feed(id, '', { key })).status).toBe(404);
      expect((await feed(randomUUID())).status).toBe(404);
      expect((await feed(ada.tenantId)).status).toBe(404);
      expect((await json(feed(id))).events).toHaveLength(2);
      const { secret } = await app.keyFor(ada, ['workspaces:read']);
      expect((await feed(id, '', { key: secret })).status).toBe(403);
    });

    it('has a sister that tells of the tenant as a whole', async () => {
      const { id } = await json(create({ name: 'lab' }));
      await app.agents.register(ada.admin, { name: 'ada' });

      expect(await json(app.call('/v1/events', { key: ada.key }))).toMatchObject({
        events: [
          {
            sequence: 1,
            type: 'workspace.created',
            subject: `workspace/${String(id)}`,
            source: `/v1/tenants/${ada.tenantId}`,
          },
          { sequence: 2, type: 'agent.registered' },
        ],
        next: 2,
      });
    });
  });
});
