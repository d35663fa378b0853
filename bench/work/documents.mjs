// Changes of documents under their locks, and operations in the log of one, each awaited by its caller.
import muster from '../../dist/src/index.js';
import { Samples, seconds } from '../measure.mjs';
import { Muster } from '../muster.mjs';
import { atLeast, table, whole } from '../report.mjs';

export const title = 'Documents';

const WIDTHS = [1, 16, 64];
const TEXT = `${'A line of a document that is neither short nor long.\n'.repeat(40)}`;

export async function run({ servers, rounds, slice }) {
  const node = await Muster.open(servers, await servers.database('muster'));
  const sides = await sidesOf(node, Math.max(...WIDTHS));
  const samples = new Samples();
  for (let round = 0; round <= rounds; round++) {
    if (round === 1) samples.warmedUp();
    for (const [name, change] of sides) {
      for (const width of WIDTHS) samples.add(name, width, await during(slice, width, change));
    }
  }
  await node.close();
  const rows = sides.map(([name]) => [name, ...WIDTHS.map((width) => whole(samples.median(name, width)))]);
  const head = ['', ...WIDTHS.map((width) => `${width} in flight`)];
  const [locked, recorded] = sides.map(([name]) => samples.median(name, Math.max(...WIDTHS)));
  return {
    tables: [{ caption: 'A second', text: table(head, rows) }],
    goals: [
      atLeast('updates under a lock, different documents', locked, 1_500, '/s'),
      atLeast('operations recorded in one document', recorded, 3_000, '/s'),
    ],
  };
}

async function sidesOf(node, width) {
  const { caller } = node;
  const get = (type) => node.server.app.get(type, { strict: false });
  const documents = get(muster.DocumentsService);
  const operations = get(muster.OperationsService);
  const locks = get(muster.DocumentLocksService);
  const workspace = await node.workspaces.create(caller, { name: 'documents' });
  const make = () => documents.create(caller, workspace.id, { title: 'Notes', kind: 'versioned', content: TEXT });
  const held = [];
  for (let n = 0; n < width; n++) {
    const { id, version } = await make();
    const { token } = await locks.acquire(caller, id, { mode: 'exclusive', seconds: 1_800 });
    held.push({ id, version, token });
  }
  const { id: one } = await make();
  let turn = 0;
  return [
    [
      'update under a lock, different documents',
      async (lane) => {
        const mine = held[lane];
        const content = `${TEXT}${turn++}\n`;
        const change = { content, lockToken: mine.token };
        mine.version = (await documents.update(caller, mine.id, mine.version, change)).version;
      },
    ],
    [
      'operation recorded in one document',
      () => operations.record(caller, one, { operationType: 'insert', path: '/p/3', value: { text: 'word' } }),
    ],
  ];
}

async function during(limit, width, change) {
  let made = 0;
  let over = false;
  const taken = await seconds(async () => {
    const timer = setTimeout(() => (over = true), limit * 1_000);
    await Promise.all(
      Array.from({ length: width }, async (_, lane) => {
        for (; !over; made++) await change(lane);
      }),
    );
    clearTimeout(timer);
  });
  return made / taken;
}
