import { randomUUID } from 'node:crypto';
import { DocumentsRepository, DocumentsService, OperationsRepository } from '../../src/documents/index.js';
import { WorkspacesService } from '../../src/workspaces/index.js';
import { connected } from '../support/database.js';
import { outcomes, startGiven } from '../support/given.js';
import { until } from '../support/until.js';
import { documentScene } from './scene.js';

describe('a versioned document', () => {
  const given = startGiven({ nodes: 2 });

  it('is made in a workspace, read, changed by its version and removed', async () => {
    const { http, workspaceId, at } = await documentScene(given);
    const body = { title: 'Plan', kind: 'versioned', contentType: 'markdown', content: '# Plan\n', labels: { a: 'b' } };
    const made = await http.post<{ id: string }>(`/v1/workspaces/${workspaceId}/documents`, body);
    expect(made).toMatchObject({ status: 201, body: { ...body, workspaceId, bytes: 7, version: 1 } });
    expect(made.headers.get('etag')).toBe('"1"');

    const path = `/v1/documents/${made.body.id}`;
    expect((await http.get(path)).body).toEqual(made.body);
    const changed = await http.put(path, { content: '# Plän\n' }, at(1));
    expect(changed).toMatchObject({ status: 200, body: { title: 'Plan', content: '# Plän\n', bytes: 8, version: 2 } });
    expect(await http.put(path, { title: 'x' }, at(1))).toMatchObject({ status: 412, body: { currentVersion: 2 } });
    expect((await http.put(path, { title: 'x' })).status).toBe(428);
    expect(changed.body).toEqual({ ...(await http.get<object>(path)).body, conflicts: [] });

    expect((await http.delete(path)).status).toBe(204);
    for (const gone of [await http.get(path), await http.delete(path), await http.put(path, { title: 'x' }, at(2))]) {
      expect(gone).toMatchObject({ status: 404, body: { code: 'not_found', entity: 'document' } });
    }
  });

  it('is written by one of many who read the same version, whatever node they use [S57][S58][S61]', async () => {
    const { ada, document, documents } = await documentScene(given);
    const { id } = await document();
    const services = [documents, given.second.get(DocumentsService)];
    for (let version = 1; version <= 5; version++) {
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) => services[n % 2]?.update(ada, id, version, { content: `by ${n}` })),
      );
      expect(outcomes(results).filter((one) => one === 'fulfilled')).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') {
          expect(result.reason).toMatchObject({ code: 'stale_version', details: { currentVersion: version + 1 } });
        }
      }
      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      // The other node's cache hears of it within milliseconds.
      await until(async () => (await documents.get(ada, id)).version === version + 1);
      expect(await documents.get(ada, id)).toMatchObject({ content: `by ${winner}` });
    }
    await expect(documents.update(ada, randomUUID(), 1, { title: 'x' })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('keeps who changed it, and counts his changes in its clock [S56][S62]', async () => {
    const { ada, document, documents, member } = await documentScene(given);
    const bob = await member('bob', 'editor');
    const before = await document({ content: 'a' });
    const after = await documents.update(bob, before.id, 1, { title: 'Renamed', content: 'b', contentType: 'code' });
    expect(after).toMatchObject({
      title: 'Renamed',
      content: 'b',
      contentType: 'code',
      createdBy: 'ada',
      lastModifiedBy: 'bob',
      vectorClock: { ada: 1, bob: 1 },
    });
    expect(after.updatedAt.getTime()).toBeGreaterThanOrEqual(before.updatedAt.getTime());
    expect(before).toMatchObject({ title: 'Notes', content: 'a', version: 1 });
    expect(await documents.get(ada, before.id)).toEqual(after);
  });

  it('is read and written by who may in its workspace, and unknown to others', async () => {
    const { document, documents, member, stranger, ada } = await documentScene(given);
    const viewer = await member('vic', 'viewer');
    const { id } = await document({ content: 'secret words' });
    expect(await documents.get(viewer, id)).toMatchObject({ content: 'secret words' });
    await expect(documents.update(viewer, id, 1, { content: '' })).rejects.toMatchObject({ code: 'not_permitted' });
    await expect(documents.delete(viewer, id)).rejects.toMatchObject({ code: 'not_permitted' });
    for (const attempt of [
      documents.get(stranger, id),
      documents.update(stranger, id, 1, { content: '' }),
      documents.delete(stranger, id),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'not_found', details: { entity: 'document' } });
    }
    expect((await documents.list(stranger)).items).toEqual([]);
    expect(await documents.search(stranger, { q: 'secret' })).toEqual([]);
    expect((await documents.list(viewer)).items.map((one) => one.id)).toEqual([id]);
    expect(await documents.search(viewer, { q: 'secret' })).toHaveLength(1);
    expect(await documents.get(ada, id)).toMatchObject({ version: 1 });
  });

  it('is what has a content to be written; that of a live one is not, inside of a transaction or not', async () => {
    const { document, documents, ada } = await documentScene(given);
    const { id } = await document({ kind: 'live', content: 'a' });
    const write = () => documents.update(ada, id, 1, { content: 'b' });
    await expect(write()).rejects.toMatchObject({ code: 'wrong_document_kind' });
    await expect(given.node.transactions.run({}, write)).rejects.toMatchObject({ code: 'wrong_document_kind' });
    expect(await documents.get(ada, id)).toMatchObject({ version: 1, content: 'a' });
  });

  it('takes no change in a workspace that is not active', async () => {
    const { document, documents, ada, workspaceId } = await documentScene(given);
    const { id } = await document();
    await given.node.get(WorkspacesService).update(ada, workspaceId, 1, { status: 'archived' });
    await expect(documents.update(ada, id, 1, { content: 'x' })).rejects.toMatchObject({
      code: 'workspace_not_active',
    });
    await expect(document()).rejects.toMatchObject({ code: 'workspace_not_active' });
    expect(await documents.get(ada, id)).toMatchObject({ version: 1 });
  });

  it('is refused what it cannot be, and stays as it was', async () => {
    const { http, workspaceId, posted, at } = await documentScene(given);
    const { id } = await posted({ contentType: 'json', content: '{"a":1}' });
    const path = `/v1/documents/${id}`;
    const refusals: [object, number, object][] = [
      [{ content: '{"a":' }, 422, { code: 'content_not_of_type', contentType: 'json' }],
      [{ content: 'a\u0000b' }, 400, { code: 'invalid_input' }],
      [{ content: '"\ud800"' }, 400, { code: 'invalid_input' }],
      [{ content: 7 }, 400, { errors: [{ field: 'content', rule: 'isString' }] }],
      [{ title: '' }, 400, { errors: [{ field: 'title', rule: 'isLength' }] }],
      [{ contentType: 'html' }, 400, { errors: [{ field: 'contentType' }] }],
      [{ contents: 'x' }, 400, { errors: [{ field: 'contents' }] }],
    ];
    for (const [body, status, problem] of refusals) {
      expect([body, await http.put(path, body, at(1))]).toMatchObject([body, { status, body: problem }]);
    }
    const large = await http.put(path, { contentType: 'text', content: 'é'.repeat(524_289) }, at(1));
    expect(large).toMatchObject({ status: 413, body: { code: 'document_too_large', bytes: 1_048_578 } });
    const full = `${'\n'.repeat(1_048_570)}full`;
    expect((await http.put(path, { contentType: 'text', content: full }, at(1))).status).toBe(200);
    expect((await http.get(path)).body).toMatchObject({ version: 2 });
    expect((await http.post(`/v1/workspaces/${randomUUID()}/documents`, { title: 'x', kind: 'versioned' })).status).toBe(404); // prettier-ignore
    expect((await http.post(`/v1/workspaces/${workspaceId}/documents`, { title: 'x', kind: 'other' })).status).toBe(400); // prettier-ignore
  });

  it('is listed by workspace, kind, type, author and time, a page at a time [S113]', async () => {
    const { document, http, workspaceId, member, documents } = await documentScene(given);
    const bob = await member('bob', 'editor');
    const a = await document({ title: 'a', contentType: 'markdown' });
    const b = await documents.create(bob, workspaceId, { title: 'b', kind: 'live' });
    const c = await document({ title: 'c', contentType: 'json' });
    const ids = async (filter: string) =>
      (await http.get<{ items: { id: string }[] }>(`/v1/documents?${filter}`)).body.items.map(({ id }) => id);
    expect(await ids(`workspaceId=${workspaceId}`)).toEqual([a.id, b.id, c.id]);
    expect(await ids('kind=live')).toEqual([b.id]);
    expect(await ids('contentType=markdown,json&sort=-title')).toEqual([c.id, a.id]);
    expect(await ids('createdBy=bob')).toEqual([b.id]);
    expect(await ids(`updatedAfter=${b.updatedAt.toISOString()}`)).toEqual(
      [a, b, c].filter(({ updatedAt }) => updatedAt > b.updatedAt).map(({ id }) => id),
    );
    const first = await http.get<{ nextCursor: string; items: { id: string }[] }>('/v1/documents?limit=2');
    expect(await ids(`limit=2&after=${first.body.nextCursor}`)).toEqual([c.id]);
    expect(first.body.items[0]).not.toHaveProperty('content');
    expect(await ids(`workspaceId=${randomUUID()}`)).toEqual([]);
  });

  it('is found by its words, the best match first, with what was found', async () => {
    const { document, http, documents, ada } = await documentScene(given);
    const inTitle = await document({ title: 'Quantum gardening', content: 'about plants' });
    const inText = await document({ content: 'a long text about quantum things and other matters' });
    await document({ content: 'nothing of the kind' });
    const search = async (q: string) =>
      (
        await http.get<{ items: { id: string; highlights: string }[] }>(
          `/v1/documents/search?q=${encodeURIComponent(q)}`,
        )
      ).body.items;
    expect((await search('quantum')).map(({ id }) => id)).toEqual([inTitle.id, inText.id]);
    expect((await search('quantum -plants'))[0]).toMatchObject({
      id: inText.id,
      highlights: expect.stringContaining('«quantum»') as string,
    });
    expect(await search('"things quantum"')).toEqual([]);
    await documents.update(ada, inText.id, 1, { content: 'changed' });
    await documents.delete(ada, inTitle.id);
    expect(await search('quantum')).toEqual([]);
    expect((await http.get('/v1/documents/search')).status).toBe(400);
  });

  it('is looked for by an index, not by reading all', async () => {
    const { tenantId, workspaceId, rows } = await documentScene(given);
    await rows(
      `INSERT INTO shared_documents (tenant_id, id, workspace_id, kind, title, content_type, created_by, last_modified_by)
       SELECT $1, gen_random_uuid(), gen_random_uuid(), 'versioned', 'other', 'text', 'x', 'x' FROM generate_series(1, 3000)`,
    );
    const plan = (sql: string): Promise<string> =>
      connected(given.node.databaseUrl, async (client) => {
        // What was just written waits in a list of the index until it is tidied.
        await client.query('VACUUM ANALYZE shared_documents');
        await client.query('SET enable_seqscan = off');
        return JSON.stringify((await client.query(`EXPLAIN ${sql}`)).rows);
      });
    const live = `SELECT id FROM shared_documents WHERE tenant_id = '${tenantId}' AND deleted_at IS NULL`;
    expect(await plan(`${live} AND workspace_id = '${workspaceId}' ORDER BY created_at, id`)).toContain(
      'idx_documents_workspace',
    );
    expect(await plan(`${live} AND search @@ websearch_to_tsquery('simple', 'word')`)).toContain(
      'idx_documents_search',
    );
  });

  it('is not made above the limits, however many are made at once', async () => {
    const { document, rows, workspaceId } = await documentScene(given);
    await rows(
      `INSERT INTO shared_documents (tenant_id, id, workspace_id, kind, title, content_type, created_by, last_modified_by)
       SELECT $1, gen_random_uuid(), $2, 'versioned', 'x', 'text', 'x', 'x' FROM generate_series(1, 995)`,
      workspaceId,
    );
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => document()));
    expect(outcomes(results).filter((one) => one === 'fulfilled')).toHaveLength(5);
    expect(outcomes(results).filter((one) => one === 'quota_exceeded')).toHaveLength(15);
    await rows(`UPDATE shared_documents SET workspace_id = gen_random_uuid() WHERE tenant_id = $1`);
    await rows(
      `INSERT INTO shared_documents (tenant_id, id, workspace_id, kind, title, content_type, created_by, last_modified_by)
       SELECT $1, gen_random_uuid(), gen_random_uuid(), 'versioned', 'x', 'text', 'x', 'x' FROM generate_series(1, 8998)`,
    );
    const last = await Promise.allSettled(Array.from({ length: 10 }, () => document()));
    expect(outcomes(last).filter((one) => one === 'fulfilled')).toHaveLength(2);
  });

  it('tells its feed that it was made and removed at once, and of changes at most once a second', async () => {
    const { document, documents, ada, eventsOf } = await documentScene(given);
    const { id } = await document();
    for (let version = 1; version <= 30; version++) await documents.update(ada, id, version, { content: `${version}` });
    const last = async () => (await eventsOf(id)).at(-1)?.data as { sequence?: number };
    await until(async () => (await last()).sequence === 31, 'the feed knows of the last change');
    await documents.delete(ada, id);
    const types = (await eventsOf(id)).map(({ type }) => type);
    expect([types[0], types.at(-1)]).toEqual(['document.created', 'document.deleted']);
    const changes = types.filter((type) => type === 'document.changed');
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.length).toBeLessThan(10);
  });

  it('changes once for a repeated request', async () => {
    const { http, posted } = await documentScene(given);
    const { id } = await posted();
    const headers = { 'if-match': '"1"', 'idempotency-key': 'once' };
    const first = await http.put(`/v1/documents/${id}`, { content: 'a' }, { headers });
    expect(await http.put(`/v1/documents/${id}`, { content: 'a' }, { headers })).toMatchObject({ status: 200, body: first.body }); // prettier-ignore
    expect((await http.get(`/v1/documents/${id}`)).body).toMatchObject({ version: 2 });
  });

  it('leaves nothing behind when its transaction fails', async () => {
    const { document, documents, ada, rows } = await documentScene(given);
    const { id } = await document({ content: 'a' });
    const failed = given.node.transactions.run({}, async () => {
      await documents.update(ada, id, 1, { content: 'b' });
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await documents.get(ada, id)).toMatchObject({ version: 1, content: 'a' });
    expect(await rows('SELECT sequence FROM document_operations WHERE tenant_id = $1 AND document_id = $2', id)).toHaveLength(1); // prettier-ignore
    expect((await rows<{ reached: number }>('SELECT reached::int FROM change_notices WHERE tenant_id = $1 AND subject_id = $2', id))[0]?.reached).toBe(1); // prettier-ignore
  });

  it('is written inside of a transaction by hand, and removed for good with all that is its own [S4][S60]', async () => {
    const { document, documents, ada, tenantId, rows } = await documentScene(given);
    const { id } = await document({ content: 'a' });
    const repository = given.node.get(DocumentsRepository);
    await using tx = await repository.beginTx();
    const bound = repository.withTx(tx);
    await bound.getForUpdate(tenantId, id);
    await bound.update(tenantId, id, 1, { title: 'in the transaction' });
    expect(await documents.get(ada, id)).toMatchObject({ title: 'Notes' });
    await given.node.get(OperationsRepository).withTx(tx).pending(tenantId, id, 0, 1);
    await tx.commit();
    expect(await documents.get(ada, id)).toMatchObject({ title: 'in the transaction', version: 2 });

    await documents.delete(ada, id);
    await expect(repository.update(tenantId, id, 3, { title: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    await repository.delete(tenantId, id);
    for (const table of ['document_operations', 'document_snapshots']) {
      expect(await rows(`SELECT FROM ${table} WHERE tenant_id = $1 AND document_id = $2`, id)).toEqual([]);
    }
    await expect(repository.delete(tenantId, id)).rejects.toMatchObject({ code: 'not_found' });
  });
});
