import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { startGiven } from '../support/given.js';
import { describeWithData } from '../support/data.js';
import { until } from '../support/until.js';
import { YjsClient } from '../support/yjs-client.js';
import { documentScene } from './scene.js';

interface Trace {
  startContent: string;
  endContent: string;
  txns: { patches: [at: number, deleted: number, inserted: string][] }[];
}

/** Keystrokes that are sent before the event loop turns. */
const AT_ONCE = 200;

describeWithData('live documents on real keystrokes', 'traces/sequential-sveltecomponent.json.gz', (file) => {
  const given = startGiven({ nodes: 2 });

  it('end as the author did, on both nodes, also when the connection broke meanwhile', async () => {
    const trace = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Trace;
    const { document, key, rows } = await documentScene(given);
    const { id } = await document({ kind: 'live', content: trace.startContent });
    const writer = new YjsClient(given.node.url, id, key);
    const reader = new YjsClient(given.second.url, id, key);
    await Promise.all([writer.synced(), reader.synced()]);

    const begun = performance.now();
    for (const [n, { patches }] of trace.txns.entries()) {
      for (const [at, deleted, inserted] of patches) {
        writer.text.delete(at, deleted);
        writer.text.insert(at, inserted);
      }
      if (n % 5_000 === 4_999) writer.provider.disconnect();
      if (n % 5_000 === 500) writer.provider.connect();
      if (n % AT_ONCE === 0) await new Promise(setImmediate);
    }
    writer.provider.connect();
    await until(() => reader.text.toJSON() === trace.endContent, 'the reader has all', 60_000);
    const perSecond = Math.round(trace.txns.length / ((performance.now() - begun) / 1_000));

    expect(writer.text.toJSON()).toBe(trace.endContent);
    const opened = performance.now();
    const late = new YjsClient(given.node.url, id, key);
    await late.synced();
    const openMs = performance.now() - opened;
    expect(late.text.toJSON()).toBe(trace.endContent);
    const [kept] = await rows<{ operations: number; bytes: number }>(
      `SELECT count(*)::int AS operations, sum(length(payload))::int AS bytes FROM document_operations
       WHERE tenant_id = $1 AND document_id = $2`,
      id,
    );
    expect(kept?.operations).toBeLessThan(1_200);
    if (process.env.LIVE_FIGURES) process.stderr.write(`${JSON.stringify({ perSecond, openMs, ...kept })}\n`);
    for (const client of [writer, reader, late]) client.close();
  });
});
