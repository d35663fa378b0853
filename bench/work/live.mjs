// Live documents beside the server of the y-websocket project with its own persistence: keystrokes of real people sent
// through the server to a reader, what is kept of them, how soon a newcomer has the text, and a hundred who write at once.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { startNode } from '../child.mjs';
import { median, percentile } from '../measure.mjs';
import { ADMIN_KEY } from '../muster.mjs';
import { atLeast, atMost, fixed, table, whole } from '../report.mjs';

export const title = 'Live documents';

const DATA = process.env.MUSTER_TEST_DATA || join(import.meta.dirname, '../../../shared/data');
const TRACES = ['sequential-sveltecomponent', 'sequential-automerge-paper'];
/** Keystrokes that are sent before the event loop turns. */
const AT_ONCE = 200;
const WRITERS = 100;
const EDITS_A_SECOND = 2;
const SECONDS = 5;

export async function run({ servers }) {
  const sides = [await musterSide(servers), await peerSide(servers)];
  const rows = [];
  const [own, peer] = [{}, {}];
  for (const [n, side] of sides.entries()) {
    const found = n === 0 ? own : peer;
    for (const name of TRACES) {
      const file = join(DATA, 'traces', `${name}.json.gz`);
      if (!existsSync(file)) continue;
      const figures = await replay(side, JSON.parse(gunzipSync(readFileSync(file)).toString()));
      found[name] = figures;
      rows.push([name, side.name, whole(figures.edits), fixed(figures.openMs, 1), whole(figures.bytes / 1024)]);
    }
    found.many = await many(side);
    await side.stop();
  }
  const crowd = sides.map(({ name }, n) => {
    const { p50, p95 } = [own, peer][n].many;
    return [name, fixed(p50, 1), fixed(p95, 1)];
  });
  const paper = own[TRACES[1]];
  return {
    tables: [
      {
        caption: 'Keystrokes through the server',
        text: table(['trace', 'server', 'edits/s', 'open, ms', 'kept, KiB'], rows),
      },
      {
        caption: `${WRITERS} writers, ${EDITS_A_SECOND} edits a second each`,
        text: table(['server', 'p50, ms', 'p95, ms'], crowd),
      },
    ],
    goals: [
      atLeast('live document: keystrokes of the paper', paper?.edits, 20_000, '/s'),
      atMost('live document: open, of the paper', paper?.openMs, 100, ' ms'),
      atMost('live document: 100 writers, an edit reaches the others, p95', own.many.p95, 50, ' ms'),
    ],
  };
}

async function musterSide(servers) {
  const database = await servers.database('live');
  const node = await startNode(servers, 'muster', database);
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' };
  const post = async (path, body) => {
    const answer = await fetch(new URL(path, node.url), { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const workspace = await post('/v1/workspaces', { name: 'live' });
  return {
    name: 'Muster',
    make: async () => (await post(`/v1/workspaces/${workspace.id}/documents`, { title: 'Live', kind: 'live' })).id,
    open: (id, doc) =>
      provider(`${node.url.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/documents`, `${id}/yjs`, doc, {
        token: ADMIN_KEY,
      }),
    bytes: async (id) => {
      const client = new pg.Client(database);
      await client.connect();
      const { rows } = await client.query(
        `SELECT (SELECT coalesce(sum(octet_length(payload)), 0) FROM document_operations WHERE document_id = $1)
           + (SELECT coalesce(sum(octet_length(payload)), 0) FROM document_snapshots WHERE document_id = $1) AS bytes`,
        [id],
      );
      await client.end();
      return Number(rows[0].bytes);
    },
    stop: () => node.stop(),
  };
}

async function peerSide({ home }) {
  const folder = mkdtempSync(join(home, 'y-websocket-'));
  const port = await freePort();
  const script = join(dirname(createRequire(import.meta.url).resolve('y-websocket/package.json')), 'bin/server.cjs');
  const env = { ...process.env, HOST: '127.0.0.1', PORT: `${port}`, YPERSISTENCE: folder };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.on('data', (text) => /running at/.test(text) && resolve()));
  let made = 0;
  return {
    name: 'y-websocket server with LevelDB',
    make: async () => `document-${made++}`,
    open: (id, doc) => provider(`ws://127.0.0.1:${port}`, id, doc),
    // Of all documents so far; the traces come first, each larger than what came before.
    bytes: async () => readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0),
    stop: async () => void child.kill(),
  };
}

function provider(url, room, doc, params = {}) {
  return new WebsocketProvider(url, room, doc, { params, WebSocketPolyfill: WebSocket, disableBc: true });
}

const opened = (side, id) => {
  const doc = new Y.Doc();
  const client = side.open(id, doc);
  return { doc, text: doc.getText('content'), client, synced: until(() => client.synced) };
};

async function until(condition) {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

async function replay(side, { txns, endContent }) {
  const id = await side.make();
  const [writer, reader] = [opened(side, id), opened(side, id)];
  await Promise.all([writer.synced, reader.synced]);
  const begun = performance.now();
  let edits = 0;
  for (const [n, { patches }] of txns.entries()) {
    writer.doc.transact(() => {
      for (const [at, deleted, inserted] of patches) {
        if (deleted > 0) writer.text.delete(at, deleted);
        if (inserted !== '') writer.text.insert(at, inserted);
        edits++;
      }
    });
    if (n % AT_ONCE === 0) await new Promise(setImmediate);
  }
  await until(() => reader.text.length === endContent.length && reader.text.toJSON() === endContent);
  const took = (performance.now() - begun) / 1_000;
  for (const { client } of [writer, reader]) client.destroy();
  const times = [];
  for (let n = 0; n < 5; n++) {
    const started = performance.now();
    const late = opened(side, id);
    await until(() => late.text.length === endContent.length);
    times.push(performance.now() - started);
    late.client.destroy();
  }
  // What is no longer open is tidied after a while.
  await new Promise((resolve) => setTimeout(resolve, 35_000));
  return { edits: edits / took, openMs: median(times), bytes: await side.bytes(id) };
}

/** From an edit until another has it, in milliseconds. */
async function many(side) {
  const id = await side.make();
  const writers = Array.from({ length: WRITERS }, () => opened(side, id));
  await Promise.all(writers.map(({ synced }) => synced));
  const sent = new Map();
  const times = [];
  const observer = writers[0];
  observer.doc.getMap('edits').observe(({ keysChanged }) => {
    for (const key of keysChanged) if (sent.has(key)) times.push(performance.now() - sent.get(key));
  });
  for (let round = 0; round < SECONDS * EDITS_A_SECOND; round++) {
    for (const [n, { doc, text }] of writers.entries()) {
      if (n === 0) continue;
      await new Promise((resolve) => setTimeout(resolve, 1_000 / EDITS_A_SECOND / WRITERS));
      const key = `${n}.${round}`;
      sent.set(key, performance.now());
      doc.transact(() => {
        text.insert(0, 'x');
        doc.getMap('edits').set(key, true);
      });
    }
  }
  await until(() => times.length === sent.size);
  for (const { client } of writers) client.destroy();
  return { p50: percentile(times, 0.5), p95: percentile(times, 0.95) };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
