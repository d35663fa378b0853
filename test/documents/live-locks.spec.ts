import type * as Y from 'yjs';
import { DocumentLocksService, LiveDocuments } from '../../src/documents/index.js';
import { startGiven } from '../support/given.js';
import { until } from '../support/until.js';
import { YjsClient } from '../support/yjs-client.js';
import { documentScene } from './scene.js';

const TEXT = '# Plan\nabout\n## Goals\n- ship\n## Risks\nnone\n';

describe('locks of live documents', () => {
  const given = startGiven({ nodes: 2 });
  const clients: YjsClient[] = [];
  // What a refused author is told, y-websocket writes to the console.
  const warned = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    warned.mockClear();
  });
  afterAll(() => warned.mockRestore());

  async function scene() {
    const base = await documentScene(given);
    const { id } = await base.document({ kind: 'live', contentType: 'markdown', content: TEXT });
    const open = async (url = given.node.url) => {
      const client = new YjsClient(url, id, base.key);
      clients.push(client);
      await client.synced();
      return client;
    };
    const [eve, other] = [await open(), await open(given.second.url)];
    const locks = given.node.get(DocumentLocksService);
    return { ...base, id, eve, other, open, locks, live: given.node.get(LiveDocuments) };
  }
  const at = (client: YjsClient, words: string): number => client.text.toJSON().indexOf(words);

  it('take back what touches the section of another, for everybody, and nothing else', async () => {
    const { ada, id, locks, eve, other, open, rows } = await scene();
    await locks.acquire(ada, id, { mode: 'section', section: 'Goals' });
    eve.text.insert(at(eve, 'none'), 'almost ');
    await other.says(TEXT.replace('none', 'almost none'));
    eve.text.insert(at(eve, '- ship') + 6, ' it');
    eve.text.delete(at(eve, '## Goals'), 4);
    await until(() => eve.text.toJSON() === TEXT.replace('none', 'almost none'), 'eve is brought back');
    await until(() => warned.mock.calls.some((call) => /locked by ada/.test(String(call[0]))), 'eve is told why');
    eve.text.insert(0, '!');
    const expected = `!${TEXT.replace('none', 'almost none')}`;
    for (const client of [eve, other, await open(), await open(given.second.url)]) await client.says(expected);
    expect(eve.closes).toEqual([]);
    const [kept] = await rows<{ n: number }>(
      `SELECT count(*)::int AS n FROM document_operations WHERE tenant_id = $1 AND document_id = $2 AND agent_id = 'muster'`,
      id,
    );
    expect(kept?.n).toBeGreaterThan(0);
  });

  it('take back whatever another does to a document that is locked as a whole, shared types of any kind', async () => {
    const { ada, id, locks, eve, other } = await scene();
    const lock = await locks.acquire(ada, id, { mode: 'exclusive' });
    eve.doc.transact(() => {
      eve.text.delete(0, 20);
      eve.doc.getMap('more').set('a', 1);
    });
    await until(() => eve.text.toJSON() === TEXT && eve.doc.getMap('more').size === 0, 'eve is brought back');
    await locks.release(ada, id, lock.id);
    eve.text.insert(0, 'free ');
    await other.says(`free ${TEXT}`);
    expect(other.doc.getMap('more').size).toBe(0);
  });

  it('let the holder write, and refuse edits of others over HTTP, of which nothing is left', async () => {
    const { ada, id, tenantId, locks, live, http, other, at: ifMatch, caller } = await scene();
    await locks.acquire(ada, id, { mode: 'section', section: 'Goals' });
    const edit = (find: string) => http.post(`/v1/documents/${id}/edits`, { edits: [{ find, replace: 'x' }] });
    expect(await edit('- ship')).toMatchObject({ status: 423, body: { code: 'locked', holder: 'ada' } });
    expect(await http.put(`/v1/documents/${id}`, { content: '' }, ifMatch(1))).toMatchObject({ status: 423 });
    expect(await edit('none')).toMatchObject({ status: 200, body: { content: TEXT.replace('none', 'x') } });
    const ship = (doc: Y.Doc) => doc.getText('content').insert(TEXT.indexOf('- ship'), '- plan\n');
    await live.edit(tenantId, id, ship, ada.actorId);
    await other.says(TEXT.replace('none', 'x').replace('- ship', '- plan\n- ship'));
    expect(caller.actorId).not.toBe('ada');
  });

  it('leave nothing half done of a request that may be repeated', async () => {
    const { ada, id, locks, http, open, other } = await scene();
    await locks.acquire(ada, id, { mode: 'section', section: 'Goals' });
    const edit = (find: string, key: string) => {
      const edits = [{ find, replace: `${find}!` }];
      return http.post(`/v1/documents/${id}/edits`, { edits }, { headers: { 'idempotency-key': key } });
    };
    expect((await edit('- ship', 'one')).status).toBe(423);
    const { status, body } = await edit('none', 'two');
    expect([status, (await edit('none', 'two')).body]).toEqual([200, body]);
    const expected = TEXT.replace('none', 'none!');
    await other.says(expected);
    for (const node of given.nodes) {
      // The room is read again from the database.
      node.get(LiveDocuments).tick(performance.now() + 60_000);
    }
    await (await open(given.second.url)).says(expected);
  });

  it('hold whatever many do at once on two nodes: the section stays as its holder left it', async () => {
    const { ada, id, locks, eve, other, open } = await scene();
    await locks.acquire(ada, id, { mode: 'section', section: 'Goals' });
    const writers = [eve, other, await open(), await open(given.second.url)];
    for (let round = 0; round < 25; round++) {
      for (const [n, writer] of writers.entries()) {
        const place = Math.floor((writer.text.length * ((round * 7 + n * 13) % 29)) / 29);
        if (round % 3 === 0) writer.text.delete(place, Math.min(3, writer.text.length - place));
        else writer.text.insert(place, `${n}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const last = await open();
    await until(() => writers.every((writer) => writer.text.toJSON() === last.text.toJSON()), 'all are the same');
    expect(last.text.toJSON()).toMatch(/(?:^|\n)## Goals\n- ship\n/);
  });
});
