import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createDataSource } from '../../src/shared/database/data-source.js';

const message = (kind: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5, kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

/** What a server says that is killed as soon as it is ready, in one packet: authenticated, ready, gone. */
const FIRST_AND_LAST_WORDS = Buffer.concat([
  message('R', Buffer.alloc(4)),
  message('Z', Buffer.from('I')),
  message('E', Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0')),
]);

describe('a server that dies in the moment in which a connection is lent', () => {
  it('is an error of the statement, and not the end of the process', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(FIRST_AND_LAST_WORDS));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const dataSource = createDataSource({ url: `postgres://ada@127.0.0.1:${port}/muster` }, []);
    try {
      // Jest fails the test when an error event finds no listener.
      await expect(dataSource.initialize()).rejects.toThrow('not queryable');
    } finally {
      server.close();
    }
  });
});
