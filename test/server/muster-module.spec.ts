import { Controller, Get, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { MIGRATIONS } from '../../migrations/index.js';
import {
  ApiKeysService,
  configureHttp,
  createFastifyAdapter,
  createLogger,
  Metrics,
  type MusterDoors,
  MusterModule,
  type MusterOptions,
  MusterWsAdapter,
  NestLog,
  Public,
  TasksService,
  TenantsService,
  WorkspacesService,
} from '../../src/index.js';
import { query, scratchDatabase } from '../support/database.js';
import { SocketClient } from '../support/socket-client.js';

@Controller('hello')
class HelloController {
  @Get()
  @Public()
  hello(): string {
    return 'hello';
  }
}

@Controller('undeclared')
class UndeclaredController {
  @Get()
  open(): string {
    return 'open';
  }
}

class Widgets1764000000001 implements MigrationInterface {
  up(runner: QueryRunner): Promise<void> {
    return runner.query('CREATE TABLE widgets (id int)');
  }
  down(runner: QueryRunner): Promise<void> {
    return runner.query('DROP TABLE widgets');
  }
}

class Broken1764000000002 implements MigrationInterface {
  up(runner: QueryRunner): Promise<void> {
    return runner.query('CREATE TABLE broken (id nonsense)');
  }
  down(): Promise<void> {
    return Promise.resolve();
  }
}

describe('an application that imports MusterModule', () => {
  let database: string;
  const running: NestFastifyApplication[] = [];

  const start = async (options: Partial<MusterOptions> & MusterDoors, controllers: Type[] = [HelloController]) => {
    @Module({ imports: [MusterModule.forRoot({ databaseUrl: database, ...options })], controllers })
    class HostModule {}

    const logger = createLogger({ level: 'silent' });
    const app = await NestFactory.create<NestFastifyApplication>(
      HostModule,
      createFastifyAdapter({ bodyLimit: 1_000_000 }),
      { logger: new NestLog(logger), abortOnError: false },
    );
    running.push(app);
    if (options.websocket) app.useWebSocketAdapter(new MusterWsAdapter(app));
    configureHttp(app, { logger, api: { title: 'Host', version: '1.0.0' } });
    await app.listen(0, '127.0.0.1');
    return { app, url: await app.getUrl() };
  };
  const status = async (url: string, key?: string): Promise<number> =>
    (await fetch(url, key ? { headers: { authorization: `Bearer ${key}` } } : {})).status;

  beforeEach(async () => (database = await scratchDatabase({ empty: true })));
  afterEach(async () => {
    for (const app of running.splice(0)) await app.close();
  });

  it('has its own routes only, and Muster’s guard before none of them', async () => {
    const { app, url } = await start({}, [HelloController, UndeclaredController]);

    expect(await status(`${url}/hello`)).toBe(200);
    expect(await status(`${url}/undeclared`)).toBe(200);
    for (const path of ['v1/tasks', 'v1/agents', 'v1/keys', 'v1/audit', 'metrics', 'livez']) {
      expect([path, await status(`${url}/${path}`)]).toEqual([path, 404]);
    }
    const { id: tenantId } = await app.get(TenantsService).ensureDefault();
    await app.get(WorkspacesService).ensureDefault(tenantId);
    const caller = { tenantId, actorId: 'host', scopes: ['write'] } as const;
    const task = await app.get(TasksService).create(caller, { type: 'x', title: 'In process' });
    expect(await app.get(TasksService).get(caller, task.id)).toMatchObject({ status: 'pending' });
  });

  it('has Muster’s routes and guard when it asks for them', async () => {
    const { app, url } = await start({ http: true });
    const { id: tenantId } = await app.get(TenantsService).ensureDefault();
    await app.get(WorkspacesService).ensureDefault(tenantId);
    const { secret } = await app.get(ApiKeysService).ensureAdminKey(tenantId);

    expect(await status(`${url}/hello`)).toBe(200);
    expect(await status(`${url}/readyz`)).toBe(200);
    expect(await status(`${url}/metrics`)).toBe(200);
    expect(await status(`${url}/v1/tasks`)).toBe(401);
    expect(await status(`${url}/v1/tasks`, secret)).toBe(200);
  });

  it('has Muster’s WebSocket too when it asks for it and sets the adapter, and its own requests as ever', async () => {
    const { app, url } = await start({ http: true, websocket: true, sockets: { perKey: 1 } });
    const { id: tenantId } = await app.get(TenantsService).ensureDefault();
    await app.get(WorkspacesService).ensureDefault(tenantId);
    const { secret: key = '' } = await app.get(ApiKeysService).ensureAdminKey(tenantId);

    const client = await SocketClient.open(url, { key });
    expect(await client.call('task.create', { type: 'x', title: 'Over a socket' })).toMatchObject({
      status: 'pending',
    });
    expect(await SocketClient.refused(url, { key })).toMatchObject({ status: 429 });
    expect(await status(`${url}/hello`)).toBe(200);
    await app.close();
    expect(await client.end()).toMatchObject({ code: 1012 });
  });

  it('must then say of each of its own routes who may call it', async () => {
    await expect(start({ http: true }, [UndeclaredController])).rejects.toThrow('UndeclaredController.open (GET)');
  });

  it('may keep Muster’s numbers where its own are', async () => {
    const metrics = new Metrics();
    metrics.counter({ name: 'own_total', help: 'Of the host.' }).inc();

    await start({ metrics });

    const text = await metrics.registry.metrics();
    expect(text).toMatch(/^muster_own_total 1$/m);
    expect(text).toMatch(/^muster_circuit_state{dependency="database"} 0$/m);
  });

  it('has migrated when it starts, its own tables after Muster’s, once for all that start together', async () => {
    await Promise.all([1, 2, 3].map(() => start({ migrations: [Widgets1764000000001] })));

    const names = (rows: { name: string }[]): string[] => rows.map(({ name }) => name);
    expect(names(await query(database, 'SELECT name FROM migrations ORDER BY id'))).toEqual(names([...MIGRATIONS]));
    expect(names(await query(database, 'SELECT name FROM application_migrations'))).toEqual(['Widgets1764000000001']);
  });

  it('leaves Muster’s migrations to others when told so', async () => {
    await start({ migrate: false, migrations: [Widgets1764000000001], migrationsTable: 'host_migrations' });

    expect(
      await query(database, "SELECT to_regclass('tasks') AS tasks, to_regclass('widgets')::text AS widgets"),
    ).toEqual([{ tasks: null, widgets: 'widgets' }]);
  });

  it('does not start over a migration that fails, and does not try it again and again', async () => {
    const began = performance.now();

    await expect(start({ migrations: [Broken1764000000002] })).rejects.toThrow('type "nonsense" does not exist');

    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
