import { once } from 'node:events';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { LiveDocuments } from '../../src/documents/index.js';
import { ApiKeysService } from '../../src/shared/auth/index.js';
import { MembersService } from '../../src/workspaces/index.js';
import { startGiven } from '../support/given.js';
import { until } from '../support/until.js';
import { YjsClient } from '../support/yjs-client.js';
import { documentScene } from './scene.js';

describe('live documents', () => {
  const given = startGiven({ nodes: 2 });
  const clients: YjsClient[] = [];
  // What a refused client is told, y-websocket writes to the console.
  const warned = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  afterAll(() => warned.mockRestore());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  async function scene(content = '') {
    const base = await documentScene(given);
    const { id } = await base.document({ kind: 'live', content });
    const open = async (url = given.node.url, token = base.key) => {
      const client = new YjsClient(url, id, token);
      clients.push(client);
      await client.synced();
      return client;
    };
    const raw = async () => {
      const ws = new WebSocket(`${given.node.url.replace(/^http/, 'ws')}/v1/documents/${id}/yjs?token=${base.key}`);
      const closed = once(ws, 'close').then(([code]) => code as number);
      const messages: Buffer[] = [];
      ws.on('message', (data: Buffer) => messages.push(data));
      await once(ws, 'open');
      return { ws, closed, messages };
    };
    const operations = () =>
      base.rows<{ sequence: number; agent_id: string }>(
        `SELECT sequence::float8 AS sequence, agent_id FROM document_operations
         WHERE tenant_id = $1 AND document_id = $2 ORDER BY sequence`,
        id,
      );
    return { ...base, id, open, raw, operations };
  }
  const second = (): string => given.second.url;

  it('are the same for clients of two nodes, from the text they began with', async () => {
    const { open, operations, key } = await scene('Hello');
    const [one, other] = [await open(), await open(second())];
    await one.says('Hello');
    one.text.insert(5, ' world');
    await other.says('Hello world');
    other.text.delete(0, 5);
    other.text.insert(0, 'Goodbye');
    await one.says('Goodbye world');
    await (await open(second())).says('Goodbye world');
    const kept = await operations();
    expect(kept.map(({ sequence }) => sequence)).toEqual(kept.map((_, n) => n + 1));
    expect(given.nodes.flatMap(({ lines }) => lines).filter((line) => JSON.stringify(line).includes(key))).toEqual([]);
  });

  it('merge what many write at once, each under the name of its author', async () => {
    const { open, operations, keyFor, id, tenantId } = await scene();
    const writers = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => open(n % 2 ? second() : given.node.url, await keyFor('admin'))),
    );
    for (let round = 0; round < 10; round++) {
      for (const [n, writer] of writers.entries()) writer.text.insert(0, `${n}.${round};`);
      await new Promise(setImmediate);
    }
    const expected = writers.flatMap((_, n) => Array.from({ length: 10 }, (__, round) => `${n}.${round}`)).sort();
    for (const writer of writers) {
      await until(() => writer.text.toJSON().split(';').length === 201, 'all is there');
      expect(writer.text.toJSON()).toBe(writers[0]?.text.toJSON());
      expect(writer.text.toJSON().split(';').filter(Boolean).sort()).toEqual(expected);
    }
    const kept = await operations();
    expect(kept.map(({ sequence }) => sequence)).toEqual(kept.map((_, n) => n + 1));
    expect(new Set(kept.slice(1).map((one) => one.agent_id)).size).toBe(20);
    expect(await given.second.get(LiveDocuments).text(tenantId, id)).toBe(writers[0]?.text.toJSON());
  });

  it('keep the changes of a client that was away', async () => {
    const { open } = await scene();
    const [one, other] = [await open(), await open(second())];
    one.provider.disconnect();
    one.text.insert(0, 'offline ');
    other.text.insert(0, 'online ');
    one.provider.connect();
    await until(() => one.text.length === 15 && other.text.toJSON() === one.text.toJSON(), 'they are the same');
  });

  it('tell who is there on all nodes, and that they left', async () => {
    const { open } = await scene();
    const one = await open();
    one.provider.awareness.setLocalState({ name: 'ada' });
    const other = await open(second());
    await until(() => other.provider.awareness.getStates().get(one.doc.clientID)?.name === 'ada', 'ada is seen');
    one.provider.disconnect();
    await until(() => !other.provider.awareness.getStates().has(one.doc.clientID), 'ada is gone');
  });

  it('refuse what a reader writes, and let him read', async () => {
    const { open, caller, member, operations } = await scene('Hello');
    const { key, secret } = await given.node.get(ApiKeysService).create(caller, { name: 'reader', scopes: ['write'] });
    await member(key.id, 'viewer');
    const reader = await open(given.node.url, secret);
    const writer = await open(second());
    await reader.says('Hello');
    writer.text.insert(5, '!');
    await reader.says('Hello!');
    const before = await operations();
    reader.text.insert(0, 'no ');
    await until(() => reader.closes.find(({ code }) => code === 4403), 'he is refused');
    reader.provider.disconnect();
    expect(writer.text.toJSON()).toBe('Hello!');
    expect(await operations()).toEqual(before);
  });

  it('refuse what somebody writes who may no longer, and are closed to who may not even read', async () => {
    const { open, caller, ada, workspaceId, member } = await scene('Hello');
    const { key, secret } = await given.node.get(ApiKeysService).create(caller, { name: 'writer', scopes: ['write'] });
    await member(key.id, 'editor');
    const [writer, other] = [await open(second(), secret), await open()];
    writer.text.insert(5, '!');
    await other.says('Hello!');
    const members = given.node.get(MembersService);
    await members.update(ada, workspaceId, key.id, 1, { role: 'viewer' });
    await until(() => {
      writer.text.insert(0, '.');
      return writer.closes.find(({ code }) => code === 4403);
    }, 'he is refused');
    writer.provider.disconnect();
    const reader = await open(second(), secret);
    await members.remove(ada, workspaceId, key.id);
    await until(() => {
      reader.text.insert(0, '.');
      return reader.closes.find(({ code }) => code === 4404 || code === 4403);
    }, 'he is out');
    reader.provider.disconnect();
    const now = other.text.toJSON();
    await (await open()).says(now);
    expect(now.endsWith('Hello!')).toBe(true);
  });

  it('[S156] close the connections of a key that is revoked', async () => {
    const { open, caller } = await scene();
    const keys = given.node.get(ApiKeysService);
    const { key, secret } = await keys.create(caller, { name: 'doomed', scopes: ['admin'] });
    const doomed = await open(second(), secret);
    await keys.revoke(caller, key.id);
    await until(() => doomed.closes.find(({ code }) => code === 4401), 'it is closed');
  });

  it.each([
    ['text', 'hello', 4400],
    ['an unknown type', Buffer.from([9, 0]), 4400],
    ['nothing', Buffer.alloc(0), 4400],
    ['a truncated update', Buffer.from([0, 2, 5, 1, 1, 1]), 4400],
    ['a length that is not there', Buffer.from([0, 2, 0xff, 0xff, 0x7f]), 4400],
    ['awareness that is no JSON', Buffer.from([1, 6, 1, 5, 1, 2, 0x7b, 0x7b]), 4400],
    ['a message above the limit', Buffer.alloc(1024 * 1024 + 1), 1009],
  ])('close who sends %s, and stay as they are', async (_, message, code) => {
    const { open, raw, operations } = await scene('Hello');
    const one = await open();
    const { ws, closed } = await raw();
    ws.send(message);
    expect(await closed).toBe(code);
    one.text.insert(5, '!');
    await (await open(second())).says('Hello!');
    expect(await operations()).toHaveLength(2);
  });

  it('keep nothing of an update that builds on what nobody has sent', async () => {
    const { open, raw, operations } = await scene('Hello');
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'lost');
    const known = Y.encodeStateVector(doc);
    doc.getText('content').insert(4, 'later');
    const orphan = Y.encodeStateAsUpdate(doc, known);
    const { ws, messages } = await raw();
    const asks = () => messages.filter((data) => data[0] === 0 && data[1] === 0).length;
    await until(() => asks() === 1, 'it is asked for what it has');
    ws.send(Buffer.concat([Buffer.from([0, 2, orphan.length]), orphan]));
    await until(() => asks() === 2, 'it is asked for the rest');
    await (await open()).says('Hello');
    expect(await operations()).toHaveLength(1);
    const whole = Y.encodeStateAsUpdate(doc);
    ws.send(Buffer.concat([Buffer.from([0, 1, whole.length]), whole]));
    const late = await open(second());
    await until(() => late.text.toJSON().includes('lostlater'), 'all of it came');
    ws.close();
  });

  it('are no larger than they may be', async () => {
    const { open, operations } = await scene();
    const one = await open();
    one.text.insert(0, 'x'.repeat(700 * 1024));
    await until(async () => (await operations()).length === 2, 'it is kept');
    one.text.insert(0, 'y'.repeat(700 * 1024));
    await until(() => one.closes.find(({ code }) => code === 4413), 'it is refused');
    one.close();
    expect((await open(second())).text.length).toBe(700 * 1024);
  });

  it('put one state in the place of many updates, and number on', async () => {
    const { open, operations, rows, id, documents, ada } = await scene('Hello');
    const one = await open();
    const far = await open(second());
    let written = '';
    for (let n = 0; n < 600; n++) {
      one.text.insert(one.text.length, '.');
      written += '.';
      await until(() => far.text.length === 5 + written.length, 'the other has it', 60_000);
    }
    await until(async () => ((await operations())[0]?.sequence ?? 0) > 400, 'the first updates are gone');
    const kept = await operations();
    expect(kept.at(-1)?.sequence).toBe(601);
    expect(await rows('SELECT FROM document_snapshots WHERE tenant_id = $1 AND document_id = $2', id)).toHaveLength(1);
    await (await open(second())).says(`Hello${written}`);
    expect((await documents.get(ada, id)).content).toMatch(/^Hello\.{400,}$/);
  });

  it('are read and edited over HTTP as well', async () => {
    const { open, http, id, at } = await scene('one\ntwo\n');
    const one = await open(second());
    one.text.insert(0, 'zero\n');
    await until(async () => {
      const { body } = await http.get<{ content: string; bytes: number }>(`/v1/documents/${id}`);
      return body.content === 'zero\none\ntwo\n' && body.bytes === 13;
    }, 'it is read');
    const anchor = Y.createRelativePositionFromTypeIndex(one.text, 12);
    const path = `/v1/documents/${id}/edits`;
    expect((await http.post(path, { edits: [{ find: 'one', replace: 'ONE' }] })).body).toMatchObject({
      content: 'zero\nONE\ntwo\n',
    });
    await one.says('zero\nONE\ntwo\n');
    expect(Y.createAbsolutePositionFromRelativePosition(anchor, one.doc)?.index).toBe(12);
    expect(await http.post(path, { edits: [{ find: 'three', replace: '' }] })).toMatchObject({
      status: 409,
      body: { code: 'edit_not_applicable' },
    });
    const put = (version: number) => http.put(`/v1/documents/${id}`, { content: 'zero\nONE\nthree\n' }, at(version));
    expect(await put(9)).toMatchObject({ status: 412 });
    expect(await put(1)).toMatchObject({ status: 200, body: { content: 'zero\nONE\nthree\n' } });
    one.text.insert(0, '!');
    await until(() => one.provider.synced && one.closes.length === 0);
    await (await open()).says('!zero\nONE\nthree\n');
  });

  it('are left by the node when nobody has used them for half a minute', async () => {
    const { open, tenantId, id } = await scene('Hello');
    const live = given.node.get(LiveDocuments);
    const one = await open();
    live.tick(performance.now() + 60_000);
    const room = live.room(tenantId, id);
    expect(room.clients.size).toBe(1);
    one.close();
    await until(() => room.isEmpty, 'he left');
    live.tick(performance.now() + 20_000);
    expect(live.room(tenantId, id)).toBe(room);
    live.tick(performance.now() + 31_000);
    expect(live.room(tenantId, id)).not.toBe(room);
    await (await open()).says('Hello');
  });

  it('are not opened by strangers, nor where they are versioned', async () => {
    const { document, key, id } = await scene();
    const versioned = await document();
    const stranger = await given.tenant();
    const status = async (documentId: string, token: string): Promise<number | undefined> => {
      const ws = new WebSocket(
        `${given.node.url.replace(/^http/, 'ws')}/v1/documents/${documentId}/yjs?token=${token}`,
      );
      ws.on('error', () => undefined);
      const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode?: number }];
      return response.statusCode;
    };
    expect(await status(versioned.id, key)).toBe(409);
    expect(await status(id, stranger.key)).toBe(404);
    expect(await status(id, 'nonsense')).toBe(401);
  });

  it('tell their feed at most once a second', async () => {
    const { open, eventsOf, id } = await scene();
    const one = await open();
    for (let n = 0; n < 30; n++) {
      one.text.insert(0, 'x');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(async () => {
      const events = (await eventsOf(id)).filter(({ type }) => type === 'document.changed');
      const last = events.at(-1)?.data as { sequence: number } | undefined;
      return last && last.sequence > 5 && events.length <= 4;
    }, 'few events tell of the last change');
  });
});
