// Does the server at this URL (postgres:// or redis://) answer? Exit code 0 or 1; what was found is printed.
import { Client } from 'pg';
import { createClient } from 'redis';

const [url = ''] = process.argv.slice(2);
const place = URL.canParse(url) ? new URL(url).host : url;

async function askPostgres() {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query('SHOW server_version');
  await client.end();
  return `PostgreSQL ${rows[0].server_version}`;
}

async function askRedis() {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 3_000 } });
  client.on('error', () => undefined);
  await client.connect();
  const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1];
  client.destroy();
  return `Redis ${version}`;
}

try {
  console.log(`${place}: ${url.startsWith('redis') ? await askRedis() : await askPostgres()}`);
} catch (error) {
  console.log(`${place} does not answer (${error.code ?? error.message}).`);
  process.exitCode = 1;
}
