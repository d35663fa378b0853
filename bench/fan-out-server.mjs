// One side of fan-out.mjs in a process of its own: Muster, or `ws` alone. Ends when its parent does.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sender, WebSocketServer } from 'ws';
import { answerCalls, now } from './calls.mjs';

/** How many events of a second are written by one transaction, at most: what the batches of a busy node hold. */
const TOGETHER = 32;
const SUBJECT = randomUUID();

const side = process.argv[2] === 'muster' ? await openMuster() : await openBare();
answerCalls({
  feeds: (count) => side.feeds(count),
  publish,
  replay: (feed, count) => side.replay(feed, count),
  resident: () => process.memoryUsage().rss,
});
process.once('disconnect', () => side.stop().then(() => process.exit(0)));
process.send({ url: side.url });

/** Writes events round the feeds and answers when each was committed. */
async function publish(feeds, rate, seconds) {
  const times = [];
  const total = Math.round(rate * seconds);
  const started = now();
  while (times.length < total) {
    const due = Math.min(total, Math.floor(((now() - started) / 1_000) * rate) + 1) - times.length;
    const count = Math.min(due, TOGETHER);
    if (count <= 0) {
      await sleep(1);
      continue;
    }
    const events = Array.from({ length: count }, (_, index) => {
      const n = times.length + index;
      return { feed: feeds[n % feeds.length], data: { n, text: 'x'.repeat(150) } };
    });
    const committed = await side.write(events);
    for (let i = 0; i < count; i++) times.push(committed);
  }
  return times;
}

async function openMuster() {
  const { default: muster } = await import('../dist/src/index.js');
  const server = await muster.Server.start(muster.loadConfig(process.env));
  const { app, first } = server;
  let committed;
  const caller = { tenantId: first.tenantId, actorId: 'bench', scopes: ['admin'] };
  const [log, transactions, workspaces, database] = [
    muster.EventLog,
    muster.Transactions,
    muster.WorkspacesService,
    muster.Database,
  ].map((type) => app.get(type, { strict: false }));
  return {
    url: server.url,
    stop: () => server.stop(),
    async feeds(count) {
      const made = [];
      for (let n = 0; n < count; n++) made.push((await workspaces.create(caller, { name: randomUUID() })).id);
      return made;
    },
    async write(events) {
      await transactions.run({}, async () => {
        for (const { feed, data } of events) log.append(caller.tenantId, asEvent(feed, data));
        await transactions.afterCommit(() => (committed = now()));
      });
      return committed;
    },
    async replay(feed, count) {
      await database.query(
        `INSERT INTO events (tenant_id, feed_id, seq, type, subject_type, subject_id, actor_id, time, data)
           SELECT $1, $2, last.seq + n, 'note.written', 'note', $3, 'bench', last.time, jsonb_build_object('n', n - 1, 'text', repeat('x', 150))
             FROM (SELECT seq, time FROM events WHERE tenant_id = $1 AND feed_id = $2 ORDER BY seq DESC LIMIT 1) last, generate_series(1, $4::int) n`,
        [caller.tenantId, feed, SUBJECT, count],
      );
      await database.query('ANALYZE events');
    },
  };
}

const asEvent = (feedId, data) => ({
  feedId,
  type: 'note.written',
  subjectType: 'note',
  subjectId: SUBJECT,
  actorId: 'bench',
  data,
});

/** No log, no filter, no limits: a frame is made once and written to each socket of its feed. */
async function openBare() {
  const sockets = new Map();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  let replayed = 0;
  server.on('connection', (socket, request) => {
    const feed = request.url.slice(1);
    const raw = socket._socket;
    if (replayed > 0) void replayTo(raw, feed, replayed);
    sockets.set(feed, (sockets.get(feed) ?? new Set()).add(raw));
    socket.on('close', () => sockets.get(feed).delete(raw));
  });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: async () => server.close(),
    feeds: async (count) => {
      replayed = 0;
      return Array.from({ length: count }, () => randomUUID());
    },
    async write(events) {
      const committed = now();
      for (const { feed, data } of events) {
        const frame = frameOf(feed, data);
        for (const socket of sockets.get(feed) ?? []) socket.write(frame);
      }
      return committed;
    },
    replay: async (_feed, count) => void (replayed = count),
  };
}

async function replayTo(socket, feed, count) {
  for (let n = 0; n < count; n++) {
    if (!socket.write(frameOf(feed, { n, text: 'x'.repeat(150) }))) await once(socket, 'drain');
  }
}

/** As long as the notification of one event. */
function frameOf(feed, data) {
  const event = {
    specversion: '1.0',
    id: `${feed}:${data.n}`,
    type: 'note.written',
    source: `/v1/workspaces/${feed}`,
    subject: `note/${SUBJECT}`,
    time: new Date().toISOString(),
    sequence: data.n,
    feed,
    datacontenttype: 'application/json',
  };
  const text = `${JSON.stringify(event).slice(0, -1)},"data":{"n": ${data.n}, "text": "${data.text}"},"actor":"bench"}`;
  const params = `{"subscription":"1","feed":"${feed}","events":[${text}],"next":${data.n}}`;
  const payload = Buffer.from(`{"jsonrpc":"2.0","method":"events","params":${params}}`);
  return Buffer.concat(Sender.frame(payload, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }));
}
