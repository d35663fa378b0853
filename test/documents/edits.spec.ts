import { ConflictsService, EditsService, HistoryService } from '../../src/documents/index.js';
import { outcomes, startGiven } from '../support/given.js';
import { documentScene } from './scene.js';

interface Written {
  version: number;
  content: string;
  title: string;
  conflicts: { id: string; path: string }[];
}

describe('edits of a document', () => {
  const given = startGiven({ nodes: 2 });

  async function scene(more: Parameters<Awaited<ReturnType<typeof documentScene>>['document']>[0] = {}) {
    const base = await documentScene(given);
    const { id } = await base.document({ content: 'one\ntwo\nthree\n', contentType: 'markdown', ...more });
    const path = `/v1/documents/${id}`;
    return {
      ...base,
      id,
      path,
      edits: given.node.get(EditsService),
      edit: (edits: object[], rest: object = {}) => base.http.post<Written>(`${path}/edits`, { edits, ...rest }),
      put: (version: number, body: object) => base.http.put<Written>(path, body, base.at(version)),
      conflicts: async (query = '') =>
        (await base.http.get<{ items: Record<string, unknown>[] }>(`${path}/conflicts${query}`)).body.items,
    };
  }

  it('change what they name, all or nothing, without a version', async () => {
    const { edit, http, path } = await scene();
    const answer = await edit([
      { find: 'two', replace: '2' },
      { insert: 'zero\n', at: { edge: 'start' } },
      { insert: 'four\n', at: { after: 'three\n' } },
    ]);
    expect(answer).toMatchObject({ status: 200, body: { version: 2, content: 'zero\none\n2\nthree\nfour\n', conflicts: [] } }); // prettier-ignore
    expect(answer.headers.get('etag')).toBe('"2"');
    const refused = await edit([
      { find: 'one', replace: '1' },
      { find: 'e', replace: 'E' },
    ]);
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'edit_not_applicable', field: 'edits[1]', why: 'ambiguous' },
    });
    expect((refused.body as unknown as { surroundings: string[] }).surroundings[0]).toContain('zero');
    expect(await edit([{ find: 'nine', replace: '' }])).toMatchObject({ status: 409, body: { why: 'not_found' } });
    expect((await http.get(path)).body).toMatchObject({ version: 2 });
  });

  it('patch JSON, and leave it what it must be', async () => {
    const { edit } = await scene({ content: '{\n  "a": 1\n}\n', contentType: 'json' });
    const patch = [{ op: 'add', path: '/b', value: [1] }];
    expect((await edit([{ patch }, { merge: { a: null, c: { d: 1 } } }])).body.content).toBe(
      '{\n  "b": [\n    1\n  ],\n  "c": {\n    "d": 1\n  }\n}\n',
    );
    expect(await edit([{ patch: [{ op: 'remove', path: '/x' }] }])).toMatchObject({ status: 409, body: { why: 'patch_failed' } }); // prettier-ignore
    expect(await edit([{ find: '"b"', replace: 'b' }])).toMatchObject({ status: 422, body: { code: 'content_not_of_type' } }); // prettier-ignore
  });

  it('are refused when they are no edits, naming the one', async () => {
    const { edit } = await scene();
    const refusals: [object[], string][] = [
      [[], 'edits'],
      [[{}], 'edits[0]'],
      [
        [
          { find: 'one', replace: 'x' },
          { find: 'two', insert: 'y' },
        ],
        'edits[1]',
      ],
      [[{ find: 'one' }], 'edits[0].replace'],
      [[{ find: '', replace: 'x' }], 'edits[0].find'],
      [[{ insert: 'x' }], 'edits[0].at'],
      [[{ insert: 'x', at: { line: 1, edge: 'start' } }], 'edits[0].at'],
      [[{ insert: 'x', at: { line: 0 } }], 'edits[0].at.line'],
      [[{ patch: [{ op: 'add', path: '/a' }] }], 'edits[0].patch'],
      [[{ patch: [{ op: 'explode', path: '/a' }] }], 'edits[0].patch'],
      [[{ patch: [{ op: 'add', path: 'a', value: 1 }] }], 'edits[0].patch'],
      [[{ merge: [1] }], 'edits[0].merge'],
      [[{ remove: 'x' }], 'edits[0].remove'],
      [Array.from({ length: 201 }, () => ({ insert: 'x', at: { edge: 'end' } })), 'edits'],
    ];
    for (const [edits, field] of refusals) {
      expect([field, await edit(edits)]).toMatchObject([field, { status: 400, body: { errors: [{ field }] } }]);
    }
  });

  it('of hundreds at once on two nodes are all there', async () => {
    const { ada, id, documents } = await scene({ content: '' });
    const services = [given.node.get(EditsService), given.second.get(EditsService)];
    const edits = Array.from({ length: 200 }, (_, n) =>
      services[n % 2]?.edit(ada, id, { edits: [{ insert: `line ${n}\n`, at: 'end' }] }),
    );
    await Promise.all(edits);
    const { content, version } = await documents.get(ada, id);
    expect(version).toBe(201);
    const lines = content.split('\n').filter((line) => line !== '');
    expect([...lines].sort()).toEqual(Array.from({ length: 200 }, (_, n) => `line ${n}`).sort());
  });

  it('made from an older version are merged with what came since [S160]', async () => {
    const { edit, put, conflicts } = await scene();
    await put(1, { content: 'ONE\ntwo\nthree\n' });
    const merged = await edit([{ find: 'three', replace: '3' }], { baseVersion: 1 });
    expect(merged.body).toMatchObject({ version: 3, content: 'ONE\ntwo\n3\n', conflicts: [] });
    const putMerged = await put(1, { content: 'one\ntwo\nthree\nfour\n', strategy: 'merge' });
    expect(putMerged.body).toMatchObject({ version: 4, conflicts: [{ path: 'lines 3-3' }] });
    expect(await conflicts()).toHaveLength(1);
    expect((await put(1, { content: 'x' })).status).toBe(412);
    expect((await put(9, { content: 'x', strategy: 'merge' })).status).toBe(412);
    expect((await edit([{ find: 'x', replace: '' }], { baseVersion: 9 })).status).toBe(412);
  });

  it('that do not merge leave what is there, and both sides in the ledger [S161]', async () => {
    const { put, conflicts, eventsOf, id, ada, documents } = await scene();
    await put(1, { content: 'one\nzwei\nthree\n', title: 'Theirs' });
    const before = await documents.get(ada, id);
    const { body } = await put(1, { content: 'one\ndeux\nthree\n', title: 'Mine', strategy: 'merge' });
    expect(body).toMatchObject({ version: 3, content: 'one\nzwei\nthree\n', title: 'Theirs' });
    const [lines, title] = await conflicts('?open=true');
    expect(lines).toMatchObject({
      kind: 'lines',
      path: 'lines 2-2',
      base: 'two\n',
      current: 'zwei\n',
      proposed: 'deux\n',
      baseVersion: 1,
      currentVersion: 2,
      baseClock: { ada: 1 },
      currentClock: before.vectorClock,
      strategy: 'merge',
      resolution: null,
    });
    expect(title).toMatchObject({ kind: 'title', base: 'Notes', current: 'Theirs', proposed: 'Mine' });
    const types = (await eventsOf(id)).map(({ type }) => type);
    expect(types.filter((type) => type === 'document.conflicted')).toHaveLength(1);
  });

  it('win, or write nothing, as they ask', async () => {
    const { put, conflicts } = await scene();
    await put(1, { content: 'one\nzwei\nthree\n' });
    const manual = await put(1, { content: 'one\ndeux\nthree\n', strategy: 'manual' });
    expect(manual.body).toMatchObject({ version: 2, content: 'one\nzwei\nthree\n', conflicts: [{ resolution: null }] });
    const clean = await put(1, { content: 'one\ntwo\nthree\nfour\n', strategy: 'manual' });
    expect(clean.body).toMatchObject({ version: 3, content: 'one\nzwei\nthree\nfour\n', conflicts: [] });
    const wins = await put(1, { content: 'ONE\ndeux\nthree\n', strategy: 'latest_wins' });
    expect(wins.body).toMatchObject({
      version: 4,
      content: 'ONE\ndeux\nthree\nfour\n',
      conflicts: [{ resolution: 'proposed' }],
    });
    expect((await conflicts('?open=true')).map(({ strategy }) => strategy)).toEqual(['manual']);
  });

  it('merge JSON by path', async () => {
    const { put, conflicts } = await scene({ contentType: 'json', content: '{"a":1,"b":1,"tags":["x"]}' });
    await put(1, { content: '{"a":2,"b":1,"tags":["x","y"]}' });
    const { body } = await put(1, { content: '{"a":3,"b":9,"tags":["x","z"]}', strategy: 'merge' });
    expect(JSON.parse(body.content)).toEqual({ a: 2, b: 9, tags: ['x', 'y', 'z'] });
    expect(await conflicts()).toMatchObject([{ kind: 'json', path: '/a', base: '1', current: '2', proposed: '3' }]);
    expect((await put(1, { content: '{', strategy: 'merge' })).status).toBe(422);
  });

  it('merge what became JSON only after the version that they were made from', async () => {
    const { put, conflicts } = await scene({ contentType: 'text', content: 'hello' });
    await put(1, { contentType: 'json', content: '{"a":1}' });
    const { status, body } = await put(1, { content: '{"b":1}', strategy: 'merge' });
    expect([status, body.content]).toEqual([200, '{"a":1}']);
    expect(await conflicts()).toMatchObject([{ path: '', base: '"hello"', current: '{"a":1}', proposed: '{"b":1}' }]);
  });

  it('that conflict in more than a hundred places are one conflict of the whole', async () => {
    const members = (n: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`m${i}`, n])));
    const { put, conflicts, http, path, documents, ada, id } = await scene({
      contentType: 'json',
      content: members(1),
    });
    await put(1, { content: members(2) });
    await put(1, { content: members(3), strategy: 'merge' });
    const [only, ...others] = await conflicts();
    expect([only?.path, others]).toEqual(['', []]);
    await http.post(`${path}/conflicts/${String(only?.id)}/resolve`, { choose: 'proposed' });
    expect((await documents.get(ada, id)).content).toBe(members(3));
  });

  it('reach no prototype, by whatever way they come', async () => {
    const { put } = await scene({ contentType: 'json', content: '{}' });
    expect((await put(1, { content: '{"__proto__":{"x":1}}' })).status).toBe(400);
    expect((await put(1, { content: '{"id":12345678901234567890}' })).status).toBe(400);
    expect((await put(1, { contentType: 'text', content: 'hello' })).status).toBe(200);
    expect((await put(2, { contentType: 'json' })).status).toBe(422);
  });

  it('settle conflicts once, with what is there, what was proposed or something else', async () => {
    const { put, http, path, ada, id, documents } = await scene({
      contentType: 'json',
      content: '{"a":1,"b":1,"c":1}',
    });
    await put(1, { content: '{"a":2,"b":2,"c":2}' });
    const { body } = await put(1, { content: '{"a":3,"b":3,"c":3}', strategy: 'merge' });
    const [a, b, c] = body.conflicts.map((conflict) => conflict.id);
    const resolve = (conflict: string | undefined, choice: object) =>
      http.post(`${path}/conflicts/${conflict}/resolve`, choice);
    const service = given.node.get(ConflictsService);
    const races = await Promise.allSettled(
      Array.from({ length: 10 }, () => service.resolve(ada, id, a ?? '', { choose: 'proposed' })),
    );
    expect(outcomes(races).sort()).toEqual([...Array.from({ length: 9 }, () => 'conflict_resolved'), 'fulfilled']);
    expect(await resolve(b, { choose: 'custom', value: '{"own":true}' })).toMatchObject({
      status: 200,
      body: { resolution: 'custom' },
    });
    const { content, version } = await documents.get(ada, id);
    expect(JSON.parse(content)).toEqual({ a: 3, b: { own: true }, c: 2 });
    expect((await resolve(c, { choose: 'custom', value: '{' })).status).toBe(422);
    await put(version, { content: '{"a":3,"c":"changed"}' });
    expect(await resolve(c, { choose: 'proposed' })).toMatchObject({ status: 409, body: { code: 'conflict_place_gone' } }); // prettier-ignore
    expect(await resolve(c, { choose: 'custom', value: '{' })).toMatchObject({ status: 409 });
    expect((await resolve(c, { choose: 'current' })).status).toBe(200);
    expect((await documents.get(ada, id)).version).toBe(version + 1);
    expect((await resolve('01a21f25-7d3f-7137-b0b8-028af2584651', { choose: 'current' })).status).toBe(404);
    expect((await resolve(c, { choose: 'mine' })).status).toBe(400);
  });

  it('settle conflicts of texts where the lines still are', async () => {
    const { put, http, path, documents, ada, id } = await scene();
    await put(1, { content: 'one\nzwei\nthree\n', title: 'Theirs' });
    const { body } = await put(1, { content: 'one\ndeux\nthree\n', title: 'Mine', strategy: 'merge' });
    for (const conflict of body.conflicts) {
      await http.post(`${path}/conflicts/${conflict.id}/resolve`, { choose: 'proposed' });
    }
    expect(await documents.get(ada, id)).toMatchObject({ content: 'one\ndeux\nthree\n', title: 'Mine' });
  });

  it('of an application can have conflicts of its own in the ledger', async () => {
    const { http, path, conflicts } = await scene();
    const made = await http.post<{ id: string }>(`${path}/conflicts`, { path: 'para 3', base: 'a', current: 'b', proposed: 'c' }); // prettier-ignore
    expect(made).toMatchObject({ status: 201, body: { kind: 'recorded', strategy: 'custom', resolution: null } });
    const answer = await http.post(`${path}/conflicts/${made.body.id}/resolve`, { choose: 'proposed' });
    expect(answer).toMatchObject({ status: 200, body: { resolution: 'proposed' } });
    expect((await http.get(path)).body).toMatchObject({ version: 1 });
    expect(await conflicts('?open=true')).toEqual([]);
    expect((await http.post(`${path}/conflicts`, {})).status).toBe(400);
  });

  it('can be told apart: who wrote each line, and how versions differ', async () => {
    const { edits, ada, id, member, http, path } = await scene();
    const bob = await member('bob', 'editor');
    await edits.edit(bob, id, { edits: [{ find: 'two', replace: '2' }] });
    const blame = await http.get<{ lines: object[] }>(`${path}/blame`);
    expect(blame.body).toMatchObject({
      version: 2,
      lines: [
        { from: 1, to: 1, version: 1, agentId: 'ada' },
        { from: 2, to: 2, version: 2, agentId: 'bob' },
        { from: 3, to: 3, version: 1, agentId: 'ada' },
      ],
    });
    await given.node.get(HistoryService).compact(ada, id, 2);
    expect((await http.get<{ lines: object[] }>(`${path}/blame`)).body.lines[0]).toMatchObject({ agentId: null, version: 1 }); // prettier-ignore

    const { body } = await http.get<{ diff: string }>(`${path}/diff?from=1`);
    expect(body).toMatchObject({ from: 1, to: 2 });
    expect(body.diff).toContain('-two\n+2\n');
    expect((await http.get(`${path}/diff?from=5`)).status).toBe(404);
    expect((await http.get(`${path}/diff`)).body).toEqual(body);
    expect((await http.get(`${path}/diff?from=0`)).status).toBe(400);
  });
});
