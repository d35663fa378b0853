import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Redis from 'ioredis';
import pg from 'pg';
import embedded from '../dist/src/shared/database/embedded/index.js';

const PREFIX = 'muster_bench_';

/**
 * The servers that all sides share: the PostgreSQL of `DATABASE_URL`, or one of our own, and two of Redis where there is
 * a `redis-server`. Each side has a database of its own.
 */
export class Servers {
  #made = new Set();
  #stops = [];

  static async start({ databaseUrl, statements }) {
    const servers = new Servers();
    servers.home = mkdtempSync(join(tmpdir(), 'muster-bench-'));
    // The server of a bench run by root belongs to another user.
    chmodSync(servers.home, 0o755);
    servers.#stops.push(() => rmSync(servers.home, { recursive: true, force: true }));
    try {
      servers.url = databaseUrl ?? (await servers.#startPostgres(statements));
      servers.admin = new pg.Pool({ connectionString: servers.url, max: 1 });
      servers.#stops.push(() => servers.admin.end());
      servers.version = (await servers.query('SHOW server_version')).server_version;
      await servers.#startRedis();
      return servers;
    } catch (error) {
      await servers.stop();
      throw error;
    }
  }

  async query(sql, values) {
    return (await this.admin.query(sql, values)).rows[0];
  }

  /** The URL of an empty database. */
  async database(name) {
    const database = PREFIX + name;
    await this.#dropDatabase(database);
    await this.query(`CREATE DATABASE ${database}`);
    this.#made.add(database);
    const url = new URL(this.url);
    url.pathname = `/${database}`;
    return url.href;
  }

  /** What was written so far is on disk and the statistics are fresh, so that nobody pays for who ran before. */
  async settle() {
    for (const database of this.#made) {
      const url = new URL(this.url);
      url.pathname = `/${database}`;
      await execute(url.href, 'ANALYZE');
    }
    await this.query('CHECKPOINT');
  }

  async drop(name) {
    this.#made.delete(PREFIX + name);
    await this.#dropDatabase(PREFIX + name);
  }

  async stop() {
    for (const database of this.#made) await this.#dropDatabase(database);
    for (const stop of this.#stops.reverse()) await stop();
  }

  /** Pools answer that they ended a little before their sessions have; to cut those off would be an error of the pool. */
  async #dropDatabase(database) {
    const sessions = 'SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = $1';
    for (let looks = 0; looks < 40 && (await this.query(sessions, [database])).count > 0; looks++) await sleep(50);
    await this.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  }

  async #startPostgres(statements) {
    const postgres = await embedded.EmbeddedPostgres.start({
      directory: join(this.home, 'postgres'),
      log: () => {},
      settings: {
        max_connections: 200,
        ...(statements && { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' }),
      },
    });
    this.#stops.push(() => postgres.stop());
    return postgres.url;
  }

  async #startRedis() {
    const { status, stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
    if (status !== 0) return;
    this.redisVersion = /v=(\S+)/.exec(stdout)?.[1];
    this.redis = {
      durable: await this.#redis(['--appendonly', 'yes', '--appendfsync', 'always']),
      memory: await this.#redis(['--appendonly', 'no']),
    };
  }

  async #redis(settings) {
    const port = await freePort();
    const folder = mkdtempSync(join(this.home, 'redis-'));
    const address = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    const child = spawn('redis-server', [...address, '--maxmemory-policy', 'noeviction', ...settings], {
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    this.#stops.push(() => {
      child.kill();
      return exited;
    });
    const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: null });
    client.on('error', () => {});
    await Promise.race([client.ping(), sleep(10_000).then(() => Promise.reject(new Error('Redis does not start')))]);
    client.disconnect();
    return { host: '127.0.0.1', port };
  }
}

async function execute(connectionString, sql) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function freePort() {
  return new Promise((found, failed) => {
    const probe = createServer().once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
}
