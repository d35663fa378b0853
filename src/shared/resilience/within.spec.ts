import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { TooSlow, within } from './within.js';

describe('within', () => {
  it('passes on what comes in time, value or error', async () => {
    await expect(within(1_000, 'It', Promise.resolve(1))).resolves.toBe(1);
    await expect(within(1_000, 'It', Promise.reject(new Error('own')))).rejects.toThrow('own');
  });

  it('gives up on what never comes', async () => {
    const late = within(5, 'The answer', new Promise(() => undefined));
    await expect(late).rejects.toEqual(new TooSlow('The answer', 5));
    await expect(late).rejects.toThrow('The answer took longer than 5 ms.');
  });

  it('does not blame the other side when this process was busy while the answer lay in the socket', async () => {
    const echo = `const server = require('node:net').createServer((socket) => socket.pipe(socket));
      server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port));`;
    const server = new Worker(echo, { eval: true });
    const [port] = (await once(server, 'message')) as [number];
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');

    const answer = within(20, 'The answer', once(socket, 'data'));
    socket.write('ping');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);

    const outcome = await answer.catch((error: unknown) => error);
    socket.destroy();
    await server.terminate();

    expect(outcome).toEqual([Buffer.from('ping')]);
  });
});
