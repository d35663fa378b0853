// Ends test-server.ts and waits until its databases are gone.
const { once } = require('node:events');

module.exports = async () => {
  const server = globalThis.musterTestServer;
  if (!server || server.exitCode !== null || server.signalCode !== null) return;
  server.ref();
  server.disconnect();
  await once(server, 'exit');
};
