import {
  EditsService,
  HistoryService,
  DocumentLocksService,
  SuggestionDecisionsService,
  SuggestionsService,
} from '../../src/documents/index.js';
import { outcomes, startGiven } from '../support/given.js';
import { documentScene } from './scene.js';

interface View {
  id: string;
  status: string;
  edits: object[];
  diff: string | null;
}

const UNKNOWN = '01a21f25-7d3f-7137-b0b8-028af2584651';

describe('suggestions for a document', () => {
  const given = startGiven({ nodes: 2 });

  async function scene(more: Parameters<Awaited<ReturnType<typeof documentScene>>['document']>[0] = {}) {
    const base = await documentScene(given);
    const { id } = await base.document({ content: 'one\ntwo\nthree\n', contentType: 'markdown', ...more });
    const path = `/v1/documents/${id}/suggestions`;
    const edits = given.node.get(EditsService);
    return {
      ...base,
      id,
      path,
      carol: await base.member('carol', 'commenter'),
      suggestions: given.node.get(SuggestionsService),
      decisions: given.node.get(SuggestionDecisionsService),
      edit: (find: string, replace: string) => edits.edit(base.ada, id, { edits: [{ find, replace }] }),
      suggested: (list: object[], rest: object = {}) => base.http.post<View>(path, { edits: list, ...rest }),
      ofStatus: async (status: string) =>
        (await base.http.get<{ items: View[] }>(`${path}?status=${status}`)).body.items.map((one) => one.id),
      content: async () => (await base.documents.get(base.ada, id)).content,
    };
  }

  it('are made by who may comment, and taken over by who may write', async () => {
    const { suggestions, decisions, carol, ada, id, content, eventsOf, http, path } = await scene();
    const made = await suggestions.suggest(carol, id, { edits: [{ find: 'two', replace: '2' }], reason: 'shorter' });
    expect(made).toMatchObject({ status: 'open', authorId: 'carol', reason: 'shorter', baseVersion: 1 });
    expect(await content()).toBe('one\ntwo\nthree\n');
    await expect(decisions.accept(carol, id, made.id)).rejects.toMatchObject({ code: 'not_permitted' });

    const { document, suggestion } = await decisions.accept(ada, id, made.id, { note: 'yes' });
    expect(document).toMatchObject({ version: 2, content: 'one\n2\nthree\n', lastModifiedBy: 'ada' });
    expect(suggestion).toMatchObject({ status: 'accepted', decidedBy: 'ada', note: 'yes', acceptedVersion: 2 });
    expect((await http.get(`${path}/${made.id}`)).body).toMatchObject({ status: 'accepted', diff: null });
    const said = (await eventsOf(id)).filter(({ type }) => type.startsWith('document.sugg'));
    expect(said).toEqual([
      { type: 'document.suggested', data: { suggestionId: made.id, authorId: 'carol', baseVersion: 1 } },
      { type: 'document.suggestion_accepted', data: { suggestionId: made.id, authorId: 'carol', version: 2 } },
    ]);
  });

  it('are not made by who may only read, nor known to who may not', async () => {
    const { suggestions, decisions, member, stranger, ada, id, http, workspaceId } = await scene();
    const viewer = await member('vic', 'viewer');
    const edits = [{ find: 'two', replace: '2' }];
    await expect(suggestions.suggest(viewer, id, { edits })).rejects.toMatchObject({ code: 'not_permitted' });
    const made = await suggestions.suggest(ada, id, { edits });
    expect(await suggestions.get(viewer, id, made.id)).toMatchObject({ edits });
    await expect(decisions.reject(viewer, id, made.id)).rejects.toMatchObject({ code: 'not_permitted' });
    for (const refused of [
      suggestions.suggest(stranger, id, { edits }),
      suggestions.get(stranger, id, made.id),
      suggestions.list(stranger, id, { limit: 1 }),
      decisions.accept(stranger, id, made.id),
      decisions.reject(stranger, id, made.id),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: 'not_found' });
    }
    const bob = await member('bob', 'editor');
    await http.patch(`/v1/workspaces/${workspaceId}`, { status: 'archived' }, { headers: { 'if-match': '"1"' } });
    for (const refused of [decisions.accept(ada, id, made.id), decisions.reject(bob, id, made.id)]) {
      await expect(refused).rejects.toMatchObject({ code: 'workspace_not_active' });
    }
  });

  it('survive what others change elsewhere, and the compaction of the log', async () => {
    const { suggestions, decisions, carol, ada, id, edit } = await scene();
    const made = await suggestions.suggest(carol, id, { edits: [{ insert: 'end\n', at: { after: 'three\n' } }] });
    await edit('one', 'zero\none and a half');
    await given.node.get(HistoryService).compact(ada, id, 2);
    const { document } = await decisions.accept(ada, id, made.id);
    expect(document).toMatchObject({ version: 3, content: 'zero\none and a half\ntwo\nthree\nend\n' });
  });

  it('survive changes of the same paragraph, though not of the same line of code', async () => {
    for (const [contentType, code] of [
      ['markdown', 'fulfilled'],
      ['code', 'suggestion_conflicts'],
    ] as const) {
      const { suggestions, decisions, carol, ada, id, edit, content } = await scene({
        contentType,
        content: 'a quick brown fox',
      });
      const made = await suggestions.suggest(carol, id, { edits: [{ find: 'fox', replace: 'dog' }] });
      await edit('quick', 'slow');
      expect([contentType, outcomes(await Promise.allSettled([decisions.accept(ada, id, made.id)]))]).toEqual([
        contentType,
        [code],
      ]);
      expect(await content()).toBe(code === 'fulfilled' ? 'a slow brown dog' : 'a slow brown fox');
    }
  });

  it('merge JSON by path, also from an older version', async () => {
    const { suggestions, decisions, carol, ada, id, edit } = await scene({
      contentType: 'json',
      content: '{"a":1,"b":1}',
    });
    await edit('"a":1', '"a":2');
    const made = await suggestions.suggest(carol, id, { edits: [{ merge: { b: 3 } }], baseVersion: 1 });
    const { document } = await decisions.accept(ada, id, made.id);
    expect(JSON.parse(document.content)).toEqual({ a: 2, b: 3 });
  });

  it('that no longer merge stay open, and say where', async () => {
    const { suggested, http, path, edit, content, ofStatus } = await scene();
    const { body } = await suggested([{ find: 'two', replace: 'deux' }]);
    await edit('two', 'zwei');
    expect(await http.post(`${path}/${body.id}/accept`, {})).toMatchObject({
      status: 409,
      body: {
        code: 'suggestion_conflicts',
        conflicts: [{ path: 'lines 2-2', base: 'two\n', current: 'zwei\n', proposed: 'deux\n' }],
      },
    });
    expect(await content()).toBe('one\nzwei\nthree\n');
    expect(await ofStatus('open')).toEqual([body.id]);
  });

  it('that the document has by now are accepted, and one of a type that changed is merged as text', async () => {
    const { suggested, http, path, edit, ada, documents, id } = await scene();
    const same = await suggested([{ find: 'two', replace: '2' }]);
    await edit('two', '2');
    expect((await http.post(`${path}/${same.body.id}/accept`, {})).body).toMatchObject({ content: 'one\n2\nthree\n' });
    const before = await suggested([{ insert: 'four\n', at: { edge: 'end' } }]);
    await documents.update(ada, id, 3, { contentType: 'json', content: '[]' });
    const answer = await http.post(`${path}/${before.body.id}/accept`, {});
    expect(answer).toMatchObject({ status: 409, body: { code: 'suggestion_conflicts' } });
  });

  it('leave JSON what it must be, and a document as large as it may be', async () => {
    const { suggested, http, path } = await scene({ contentType: 'json', content: '{"a":1}' });
    expect(await suggested([{ find: '1', replace: '' }])).toMatchObject({ status: 422, body: { code: 'content_not_of_type' } }); // prettier-ignore
    const patch = [{ op: 'add', path: '/b', value: 'x'.repeat(900_000) }];
    const large = await suggested([{ patch }]);
    expect(large.status).toBe(201);
    await http.post(`${path}/${large.body.id}/accept`, {});
    const more = [{ op: 'add', path: '/c', value: 'x'.repeat(900_000) }];
    expect(await suggested([{ patch: more }])).toMatchObject({ status: 413, body: { code: 'document_too_large' } });
  });

  it.each(['accepted', 'rejected', 'superseded'])(
    'are decided once, whoever asks at the same time: %s',
    async (first) => {
      const { suggestions, ada, carol, id, content, eventsOf, documents } = await scene();
      const made = await suggestions.suggest(carol, id, { edits: [{ find: 'two', replace: '2' }] });
      const nodes = [given.node, given.second].map((node) => node.get(SuggestionDecisionsService));
      const newer = { edits: [{ find: 'two', replace: 'II' }], baseVersion: 1, supersedes: made.id };
      const asking: Record<string, (n: number) => Promise<unknown> | undefined> = {
        accepted: (n) => nodes[n % 2]?.accept(ada, id, made.id),
        rejected: (n) => nodes[n % 2]?.reject(ada, id, made.id),
        superseded: () => suggestions.suggest(carol, id, newer),
      };
      const order = [first, ...Object.keys(asking).filter((one) => one !== first)];
      const races = await Promise.allSettled(
        order.flatMap((one) => Array.from({ length: 40 }, (_, n) => asking[one]?.(n))),
      );
      expect(outcomes(races).sort()).toEqual(['fulfilled', ...Array.from({ length: 119 }, () => 'suggestion_decided')]);

      const { items } = await suggestions.list(ada, id, { limit: 200 });
      const status = items[0]?.status;
      expect(items.map((one) => one.status)).toEqual(status === 'superseded' ? ['superseded', 'open'] : [status]);
      expect(await content()).toBe(status === 'accepted' ? 'one\n2\nthree\n' : 'one\ntwo\nthree\n');
      expect((await documents.get(ada, id)).version).toBe(status === 'accepted' ? 2 : 1);
      const ends = (await eventsOf(id)).filter(({ type }) => type.startsWith('document.suggestion_'));
      expect(ends.map(({ type }) => type)).toEqual([`document.suggestion_${status}`]);
    },
  );

  it('are not taken over into what somebody else has locked', async () => {
    const { suggestions, decisions, carol, ada, id, member } = await scene();
    const bob = await member('bob', 'editor');
    const made = await suggestions.suggest(carol, id, { edits: [{ find: 'two', replace: '2' }] });
    const { token } = await given.node.get(DocumentLocksService).acquire(bob, id, { mode: 'exclusive' });
    await expect(decisions.accept(ada, id, made.id)).rejects.toMatchObject({ code: 'locked' });
    const { document } = await decisions.accept(bob, id, made.id, { lockToken: token });
    expect(document.version).toBe(2);
  });

  it('of hundreds for different lines are all taken over at once', async () => {
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}.\n\n`).join('');
    const { suggestions, ada, carol, id, content } = await scene({ content: lines });
    const made = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        suggestions.suggest(carol, id, { edits: [{ find: `line ${n}.`, replace: `LINE ${n}.` }] }),
      ),
    );
    const nodes = [given.node, given.second].map((node) => node.get(SuggestionDecisionsService));
    await Promise.all(made.map((one, n) => nodes[n % 2]?.accept(ada, id, one.id)));
    expect(await content()).toBe(lines.replaceAll('line', 'LINE'));
  });

  it('are replaced by newer ones of their author, and taken back by him', async () => {
    const { suggestions, decisions, carol, ada, id, eventsOf, ofStatus, member } = await scene();
    const edits = [{ find: 'two', replace: '2' }];
    const first = await suggestions.suggest(carol, id, { edits });
    const second = await suggestions.suggest(carol, id, { edits, supersedes: first.id });
    expect(await suggestions.get(ada, id, first.id)).toMatchObject({ status: 'superseded', supersededBy: second.id });
    const dave = await member('dave', 'commenter');
    await expect(suggestions.suggest(dave, id, { edits, supersedes: second.id })).rejects.toMatchObject({ code: 'suggestion_of_another' }); // prettier-ignore
    await expect(suggestions.suggest(carol, id, { edits, supersedes: first.id })).rejects.toMatchObject({ code: 'suggestion_decided' }); // prettier-ignore
    await expect(suggestions.suggest(carol, id, { edits, supersedes: UNKNOWN })).rejects.toMatchObject({ code: 'not_found' }); // prettier-ignore
    await expect(decisions.reject(dave, id, second.id)).rejects.toMatchObject({ code: 'not_permitted' });
    await decisions.reject(carol, id, second.id, 'not needed');
    expect([await ofStatus('open'), await ofStatus('superseded,rejected')]).toEqual([[], [first.id, second.id]]);
    const ends = (await eventsOf(id)).filter(({ type }) => type.startsWith('document.suggestion_'));
    expect(ends).toEqual([
      {
        type: 'document.suggestion_superseded',
        data: { suggestionId: first.id, authorId: 'carol', supersededBy: second.id },
      },
      { type: 'document.suggestion_rejected', data: { suggestionId: second.id, authorId: 'carol' } },
    ]);
  });

  it('are shown as they were sent, with the diff that they make', async () => {
    const { suggested, http, path, id } = await scene();
    const edits = [
      { find: 'two', replace: '2', all: true },
      { insert: 'zero\n', at: { edge: 'start' } },
      { insert: 'x', at: { line: 3 } },
    ];
    const { body } = await suggested(edits);
    const one = await http.get<View>(`${path}/${body.id}`);
    expect(one.body).toMatchObject({ id: body.id, documentId: id, status: 'open', edits });
    expect(one.body.diff).toContain('+zero\n one\n-two\n+x2\n three\n');
    const page = await http.get<{ items: View[]; nextCursor: string }>(`${path}?limit=1`);
    expect(page.body.items.map((item) => [item.id, 'edits' in item])).toEqual([[body.id, false]]);
    const other = await suggested(edits);
    const first = await http.get<{ nextCursor: string }>(`${path}?limit=1`);
    const rest = await http.get<{ items: View[] }>(`${path}?limit=1&after=${first.body.nextCursor}`);
    expect(rest.body.items.map((item) => item.id)).toEqual([other.body.id]);
  });

  it('are refused when they are none, or fit nothing', async () => {
    const { suggested, http, path, document, documents, ada, id } = await scene();
    const edits = [{ find: 'two', replace: '2' }];
    const refusals: [object, string][] = [
      [{}, 'edits'],
      [{ edits: [] }, 'edits'],
      [{ edits: [{}] }, 'edits[0]'],
      [{ edits, reason: '' }, 'reason'],
      [{ edits, reason: 'x'.repeat(2_001) }, 'reason'],
      [{ edits, baseVersion: 0 }, 'baseVersion'],
      [{ edits, supersedes: 'x' }, 'supersedes'],
      [{ edits, strategy: 'merge' }, 'strategy'],
      [
        {
          edits: [
            { insert: '\0', at: { edge: 'end' } },
            { find: '\0', replace: '' },
          ],
        },
        'edits[0].insert',
      ],
    ];
    for (const [body, field] of refusals) {
      expect([field, await http.post(path, body)]).toMatchObject([
        field,
        { status: 400, body: { errors: [{ field }] } },
      ]);
    }
    expect(await suggested([{ find: 'nine', replace: '' }])).toMatchObject({ status: 409, body: { code: 'edit_not_applicable' } }); // prettier-ignore
    expect(await suggested(edits, { baseVersion: 9 })).toMatchObject({ status: 412, body: { currentVersion: 1 } });
    expect((await http.get(`${path}?status=mine`)).status).toBe(400);
    expect((await http.get(`${path}?after=x`)).status).toBe(400);
    expect((await http.get(`${path}/${UNKNOWN}`)).status).toBe(404);
    expect((await http.post(`${path}/${UNKNOWN}/accept`, {})).status).toBe(404);
    expect((await http.post(`${path}/${UNKNOWN}/reject`, {})).status).toBe(404);
    expect((await http.post(`${path}/${UNKNOWN}/reject`, { note: 1 })).status).toBe(400);
    const live = await document({ kind: 'live' });
    expect(await http.post(`/v1/documents/${live.id}/suggestions`, { edits })).toMatchObject({ status: 409, body: { code: 'wrong_document_kind' } }); // prettier-ignore
    const { body } = await suggested(edits);
    await documents.delete(ada, id);
    expect((await http.post(`${path}/${body.id}/accept`, {})).status).toBe(404);
  });
});
