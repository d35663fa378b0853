import { randomUUID } from 'node:crypto';
import { aTask, startGiven, type Tenant } from '../support/given.js';
import { query, workerDatabase } from '../support/database.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

describe('while the database is down', () => {
  let proxy: TcpProxy;
  const given = startGiven({
    database: async () => (proxy = await TcpProxy.start(workerDatabase())).url,
    settings: { MUSTER_STATEMENT_TIMEOUT_MS: '1000', MUSTER_ACQUIRE_TIMEOUT_MS: '5000' },
  });
  afterEach(async () => {
    proxy.thaw();
    await proxy.stop();
    await proxy.open();
    await healthy();
  });
  afterAll(() => proxy.stop());

  const probe = async (path: string) => (await fetch(given.node.url + path)).status;
  const healthy = () => until(async () => (await probe('/readyz')) === 200, 'the node is ready again');
  const create = ({ http }: Tenant, key?: string) =>
    http.post('/v1/tasks', aTask(), key === undefined ? {} : { headers: { 'idempotency-key': key } });
  /** Past the proxy: what is really there. */
  const count = async ({ tenantId }: Tenant, table = 'tasks') => {
    const sql = `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`;
    return (await query<{ n: number }>(workerDatabase(), sql, [tenantId]))[0]?.n;
  };

  it('a task is refused with 503 and Retry-After, the node is alive but not ready, and recovers by itself', async () => {
    const tenant = await given.tenant();
    expect((await create(tenant)).status).toBe(201);
    await proxy.stop();

    for (let n = 0; n < 20; n++) {
      const { status, headers, body } = await create(tenant);
      expect({ status, body }).toMatchObject({
        status: 503,
        body: { code: expect.stringMatching(/^(unavailable|circuit_open)$/) as string },
      });
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(headers.get('content-type')).toMatch(/problem\+json/);
    }
    expect(await probe('/readyz')).toBe(503);
    expect(await probe('/livez')).toBe(200);

    await proxy.open();
    await until(async () => (await create(tenant)).status === 201);
    expect(await probe('/readyz')).toBe(200);
    expect(await count(tenant)).toBe(2);
  });

  it('the same when the server keeps its connections and says nothing any more', async () => {
    const tenant = await given.tenant();
    await create(tenant);
    proxy.freeze();

    const { status, headers } = await create(tenant);

    expect([status, headers.has('retry-after')]).toEqual([503, true]);
    await until(async () => (await probe('/readyz')) === 503);
    expect(await probe('/livez')).toBe(200);
    proxy.thaw();
    await until(async () => (await create(tenant)).status === 201);
  });

  it('nothing is half done, and repeats with their keys make each task once', async () => {
    const tenant = await given.tenant();
    const persistently = (key: string) =>
      until(async () => (await create(tenant, key)).status === 201, 'the task is created');

    for (let round = 0; round < 5; round++) {
      await interrupted(Array.from({ length: 12 }, () => persistently(randomUUID())));
    }

    await healthy();
    expect(await count(tenant)).toBe(60);
    const log = await tenant.events.all();
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 61 }, (_, n) => n + 1));
    expect(new Set(log.map(({ subjectId }) => subjectId)).size).toBe(61);
  });

  it('no acknowledged completion is lost, and no task is completed twice [S1]', async () => {
    const tenant = await given.workspace({ agents: ['ada'] });
    await given.node.tasks.createBatch(
      tenant.caller,
      Array.from({ length: 60 }, () => aTask()),
    );
    const leases = await tenant.claim(tenant.ada, { limit: 60 });
    const complete = async (id: string, epoch: number) => {
      const { status } = await tenant.http.post(`/v1/tasks/${id}/complete`, { epoch, result: id });
      expect([200, 503]).toContain(status);
      return status === 200;
    };

    for (let round = 0; round < 5; round++) {
      const some = leases.slice(12 * round, 12 * round + 12);
      await interrupted(some.map(({ task, epoch }) => until(() => complete(task.id, epoch), 'the task is completed')));
    }

    await healthy();
    const completed = (await tenant.events.all()).filter(({ type }) => type === 'task.completed');
    expect(completed.map(({ subjectId }) => subjectId).sort()).toEqual(leases.map(({ task }) => task.id).sort());
    expect(await count(tenant, 'task_attempts')).toBe(60);
  });

  /** Breaks all connections while the work has begun, and again when the first of it is done. */
  const interrupted = async (work: Promise<unknown>[]): Promise<void> => {
    await until(() => proxy.connections > 0, 'somebody is connected');
    proxy.cut();
    await Promise.race(work);
    proxy.cut();
    await Promise.all(work);
  };

  it('a failed creation is logged with the task’s id and the cause [S23]', async () => {
    const tenant = await given.tenant();
    await tenant.task();
    await proxy.stop();
    const id = randomUUID();

    await expect(tenant.task({ id })).rejects.toMatchObject({ kind: 'unavailable' });

    const line = given.node.lines.find(({ taskId }) => taskId === id);
    expect(line).toMatchObject({
      msg: 'operation failed',
      // Of its workspace already, when the cache has been emptied with the connection that tells of changes.
      operation: expect.stringMatching(/^(tasks\.create|workspaces\..*)$/) as string,
      err: { message: expect.any(String) as string },
    });
  });
});
