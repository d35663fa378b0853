// The clients of fan-out.mjs in a process of their own, on bare sockets: with 10,000 of them a client that reads frames
// would be what is measured. Ends when its parent does.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerCalls, now } from './calls.mjs';
import { percentile } from './measure.mjs';
import { ADMIN_KEY } from './muster.mjs';

const AT_ONCE = 64;
/** What stands before the number of an event, in whatever it is wrapped. */
const MARK = '"n": ';
/** Longer than a number with its mark, which may be cut in two. */
const TAIL = 16;
const SILENT_MS = 5_000;

let sockets = [];
let arrivals = new Float64Array(0);
let numbers = new Uint32Array(0);
let received = 0;
let outOfOrder = 0;
let heardAt = now();

answerCalls({ open, collect, close });
process.once('disconnect', () => process.exit(0));
process.send({});

/** Opens one socket for each target, `expected` events of which will come in all. */
async function open(kind, targets, expected) {
  arrivals = new Float64Array(expected * 2);
  numbers = new Uint32Array(expected * 2);
  received = 0;
  outOfOrder = 0;
  let next = 0;
  const lane = async () => {
    while (next < targets.length) sockets.push(await opened(kind, targets[next++]));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  heardAt = now();
}

/** Waits for all that is expected, and answers what became of it. */
async function collect(expected, times) {
  while (received < expected && now() - heardAt < SILENT_MS) await sleep(10);
  const latencies = times ? Array.from({ length: received }, (_, i) => arrivals[i] - times[numbers[i]]) : [];
  const of = (share) => (received > 0 && times ? percentile(latencies, share) : undefined);
  return { received, outOfOrder, p50: of(0.5), p99: of(0.99), heardAt };
}

function close() {
  for (const socket of sockets) socket.destroy();
  sockets = [];
}

function opened(kind, { url, path, after, workspaceId }) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  const head = [`GET ${path} HTTP/1.1`, `host: ${hostname}:${port}`, `authorization: Bearer ${ADMIN_KEY}`];
  if (kind !== 'sse') {
    head.push('connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13');
    head.push(`sec-websocket-key: ${randomBytes(16).toString('base64')}`);
    if (kind === 'muster') head.push('sec-websocket-protocol: muster.v1+json');
  }
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let text = '';
    let last = -1;
    let isOpen = false;
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed: ${text.slice(0, 300)}`)));
    socket.on('data', (chunk) => {
      text += chunk.latin1Slice();
      if (!isOpen && kind === 'muster' && text.includes('\r\n\r\n') && !text.includes('subscription')) {
        if (!text.startsWith('HTTP/1.1 101')) return reject(new Error(text.slice(0, 300)));
        if (!socket.asked) socket.write(masked({ feeds: [{ workspaceId, after }] }));
        socket.asked = true;
        return;
      }
      if (!isOpen && text.includes('\r\n\r\n')) {
        if (!/^HTTP\/1.1 (101|200)/.test(text)) return reject(new Error(text.slice(0, 300)));
        isOpen = true;
        resolve(socket);
      }
      if (!isOpen) return;
      const at = now();
      for (let found = text.indexOf(MARK); found >= 0; found = text.indexOf(MARK, found + 1)) {
        const end = text.indexOf(',', found);
        if (end < 0) break;
        const n = Number(text.slice(found + MARK.length, end));
        if (n <= last) outOfOrder++;
        last = n;
        arrivals[received] = at;
        numbers[received++] = n;
        text = text.slice(end);
        found = -1;
      }
      if (text.length > TAIL && !text.includes(MARK)) text = text.slice(-TAIL);
      heardAt = at;
    });
  });
}

/** A text frame as a client sends it; masked with zeros, which is allowed and costs nothing. */
function masked(params) {
  const payload = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'subscribe', params }));
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}
