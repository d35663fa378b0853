// A service in a process of its own that does nothing but hold an embedded PostgreSQL: started by the tests with a
// directory, tells them over IPC how it went, stops when told to or on SIGTERM, and dies with the test.
import { EmbeddedPostgres } from '../../src/shared/database/embedded/index.js';
import { DomainError } from '../../src/shared/errors/index.js';

const [directory = ''] = process.argv.slice(2);

function tell(message: object): void {
  process.send?.(message);
}

async function main(): Promise<void> {
  process.once('disconnect', () => process.exit(1));
  const startedAt = performance.now();
  const server = await EmbeddedPostgres.start({
    directory,
    log: (message, details) => tell({ log: message, details }),
  });
  const { url, port, pid, shared } = server;
  tell({ ready: { url, port, pid, shared, startMs: Math.round(performance.now() - startedAt) } });

  const stop = async (): Promise<void> => {
    await server.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.on('message', (request) => {
    if (request === 'stop') void stop();
    else tell({ now: { pid: server.pid, shared: server.shared } });
  });
}

main().catch((error: unknown) => {
  const code = error instanceof DomainError ? error.code : 'untyped';
  process.send?.({ failed: { code, message: String(error) } }, () => process.exit(1));
});
