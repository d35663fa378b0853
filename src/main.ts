import 'reflect-metadata';
import { type Config, loadConfig } from './config.js';
import { dropProposal, keepCredentials, proposeKey, readCredentials } from './credentials.js';
import { Server } from './server.js';
import { ApiKeysService, newSecret } from './shared/auth/index.js';
import { createLogger, type Logger } from './shared/logging/index.js';

/** Boots one process, which stays until it is told to stop. `json`: says that it is ready in a line like those of the log. */
export async function serve({ json = false } = {}): Promise<void> {
  const config = loadConfig();
  const logger = createLogger({ level: config.logLevel });
  // Looked at first: a broken file must not stop a server that has begun to work.
  readCredentials(config.home);
  const server = await Server.start(config, logger, () => proposeKey(config.home, newSecret));
  const { url } = server;
  const { tenantId, workspaceId } = server.first;
  const newKey = await keepKey(server, config, logger).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  const ready = { msg: 'ready', url, home: config.home, tenantId, workspaceId, ...(newKey && { adminKey: newKey }) };
  process.stdout.write(json ? `${JSON.stringify(ready)}\n` : welcome(url, config.home, newKey));

  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ msg: 'stopping', signal });
    const limit = setTimeout(() => {
      logger.error({ msg: 'did not stop in time', limitMs: config.shutdownTimeoutMs });
      process.exit(1);
    }, config.shutdownTimeoutMs);
    limit.unref();
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ msg: 'stopping failed', err: error });
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** Keeps the admin key for clients on this machine. Answers it when it is to be shown: nobody can have seen it before. */
async function keepKey({ app, first, url }: Server, config: Config, logger: Logger): Promise<string | undefined> {
  const { tenantId, workspaceId, newKey } = first;
  const kept = readCredentials(config.home);
  const adminKey = newKey ?? config.adminKey ?? kept?.adminKey;
  if (adminKey === undefined || !(await app.get(ApiKeysService).isAdminKey(tenantId, adminKey))) {
    dropProposal(config.home);
    logger.warn({
      msg: 'the admin key of this database is not in this home. Set MUSTER_ADMIN_KEY to a new one for one start, which replaces it, or let its holder make another: muster key create <name> --scope admin',
      home: config.home,
    });
    return undefined;
  }
  keepCredentials(config.home, { url, tenantId, workspaceId, adminKey });
  const unseen = kept?.adminKey === adminKey && kept.tenantId === undefined;
  return newKey ?? (unseen ? adminKey : undefined);
}

function welcome(url: string, home: string, newKey: string | undefined): string {
  return [
    '',
    `Muster is ready at ${url}`,
    `  API page     ${url}/docs`,
    newKey ? `  Admin key    ${newKey}   (shown once, kept in ${home}/credentials.json)` : '',
    '  Try next     npx muster agent register ada && npx muster task add "My first task" && npx muster task list',
    '',
  ]
    .filter((line, index, lines) => line !== '' || index === 0 || index === lines.length - 1)
    .join('\n');
}

if (require.main === module) {
  serve().catch((error: unknown) => {
    createLogger({ level: 'fatal' }).fatal({ msg: 'could not start', err: error });
    // 1: it did not start. Not left to the event loop, which something half started may keep busy for ever.
    process.exit(1);
  });
}
