import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as Y from 'yjs';
import { SupervisedNode } from '../crash/supervised-node.js';
import { describeWithData } from '../support/data.js';
import { scratchDatabase } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { HttpClient } from '../support/http-client.js';
import { until } from '../support/until.js';
import { YjsClient } from '../support/yjs-client.js';

interface Trace {
  endContent: string;
  txns: { parents: number[]; agent: 0 | 1; patches: [at: number, deleted: number, inserted: string][] }[];
}

/** One of two people. What he had seen when he typed stands in a copy of his own; the wire carries it to the other. */
class Writer {
  private readonly seen = new Y.Doc();
  private readonly text = this.seen.getText('content');
  private typed?: Uint8Array | undefined;

  constructor(
    agent: number,
    readonly wire: YjsClient,
  ) {
    this.seen.clientID = agent + 1;
    this.seen.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === undefined || origin === null) this.typed = update;
    });
  }

  /** Waits until the network has brought what the other one typed, and takes it in. */
  async sees(update: Uint8Array): Promise<void> {
    const { from, to } = Y.parseUpdateMeta(update);
    for (const [client, end] of to) {
      await until(() => Y.getState(this.wire.doc.store, client) >= end, `${from.size} updates arrive`, 120_000);
    }
    Y.applyUpdate(this.seen, update, 'the other');
  }

  types(patches: Trace['txns'][number]['patches']): Uint8Array {
    this.seen.transact(() => {
      for (const [at, deleted, inserted] of patches) {
        this.text.delete(at, deleted);
        this.text.insert(at, inserted);
      }
    });
    const update = this.typed as Uint8Array;
    Y.applyUpdate(this.wire.doc, update);
    return update;
  }
}

describeWithData('two people who write at once', 'traces/concurrent-friendsforever.json.gz', (file) => {
  it('through two nodes, one of which is killed, and connections that break, end with the same text', async () => {
    const { txns, endContent } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Trace;
    const folder = mkdtempSync(join(tmpdir(), 'muster-live-'));
    const key = randomBytes(16).toString('hex');
    const database = await scratchDatabase();
    const nodes: SupervisedNode[] = [];
    for (const n of [1, 2]) {
      const env = { DATABASE_URL: database, MUSTER_HOME: join(folder, `${n}`), MUSTER_ADMIN_KEY: key };
      nodes.push(new SupervisedNode(await freePort(), { ...env, MUSTER_LOG_LEVEL: 'info' }));
    }
    await Promise.all(nodes.map((node) => node.untilReady(120_000)));
    const [one, two] = nodes as [SupervisedNode, SupervisedNode];
    const http = new HttpClient(one.url, key);
    const { body: lab } = await http.post<{ id: string }>('/v1/workspaces', { name: 'lab' });
    const made = await http.post<{ id: string }>(`/v1/workspaces/${lab.id}/documents`, {
      title: 'Story',
      kind: 'live',
    });
    const { id } = made.body;
    const wires = nodes.map((node) => new YjsClient(node.url, id, key));
    await Promise.all(wires.map((wire) => wire.synced()));
    const writers = wires.map((wire, agent) => new Writer(agent, wire));

    const updates: (Uint8Array | undefined)[] = [];
    const seen = [new Set<number>(), new Set<number>()];
    const ancestors = async (agent: 0 | 1, parents: readonly number[]): Promise<void> => {
      const missing: number[] = [];
      const stack = [...parents];
      for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
        if (seen[agent]?.has(n)) continue;
        seen[agent]?.add(n);
        missing.push(n);
        stack.push(...(txns[n]?.parents ?? []));
      }
      for (const n of missing.sort((x, y) => x - y)) {
        const update = await until(() => updates[n], `transaction ${n} is typed`, 120_000);
        if (txns[n]?.agent !== agent) await writers[agent]?.sees(update);
      }
    };
    const replay = async (agent: 0 | 1): Promise<void> => {
      let turns = 0;
      for (const [n, { agent: by, parents, patches }] of txns.entries()) {
        if (by !== agent) continue;
        await ancestors(agent, parents);
        updates[n] = writers[agent]?.types(patches);
        seen[agent]?.add(n);
        if (n % 6_000 === 3_000 + agent) wires[agent]?.provider.disconnect();
        if (n % 6_000 === 3_000 + agent) setTimeout(() => wires[agent]?.provider.connect(), 100);
        if (n >= 12_000 && n < 12_002) two.kill();
        if (turns++ % 50 === 0) await new Promise(setImmediate);
      }
    };
    await Promise.all([replay(0), replay(1)]);

    expect(two.kills).toBeGreaterThan(0);
    const late = new YjsClient(two.url, id, key);
    for (const client of [...wires, late]) {
      await until(() => client.text.toJSON() === endContent, 'a replica has all', 120_000);
    }
    for (const node of nodes) {
      const { body } = await new HttpClient(node.url, key).get<{ content: string }>(`/v1/documents/${id}`);
      expect(Buffer.from(body.content).equals(Buffer.from(endContent))).toBe(true);
    }
    for (const client of [...wires, late]) client.close();
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(folder, { recursive: true, force: true });
  }, 900_000);
});
