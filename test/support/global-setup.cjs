// Starts test-server.ts, which holds the databases of this run, and tells the Jest workers where they are.
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');

module.exports = async (globalConfig) => {
  const server = fork(join(__dirname, 'test-server.ts'), [String(globalConfig.maxWorkers)], {
    execArgv: ['-r', join(__dirname, 'run-ts.cjs')],
  });
  const [message] = await Promise.race([
    once(server, 'message'),
    once(server, 'exit').then(([code]) => [{ failed: `The test server ended with ${code}.` }]),
  ]);
  if (message.failed) throw new Error(message.failed);

  Object.assign(process.env, message.environment);
  // Neither the process nor its channel keeps Jest alive; when Jest dies the channel closes and the server cleans up.
  server.unref();
  server.channel.unref();
  globalThis.musterTestServer = server;
};
