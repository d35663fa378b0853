import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { DependencyUnavailable } from '../../src/shared/errors/index.js';
import { Draining, HealthModule, type HealthProbe, HealthProbes } from '../../src/shared/health/index.js';
import { CircuitBreaker } from '../../src/shared/resilience/index.js';
import { until } from '../support/until.js';

interface Answer {
  status: number;
  cacheControl: string | null;
  body: { status: string; details: Record<string, { status: string; message?: string }> };
}

@Module({ imports: [HealthModule] })
class AppModule {}

/** A dependency that listens on a port, or does not. */
class Dependency {
  private server: Server | undefined;
  port = 0;

  async start(): Promise<void> {
    this.server = createServer((socket) => socket.end());
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server?.close();
    if (this.server) await once(this.server, 'close');
    this.server = undefined;
  }

  async ping(): Promise<void> {
    const socket = connect(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
    } finally {
      socket.destroy();
    }
  }
}

describe('health', () => {
  let app: NestFastifyApplication;
  let url: string;
  let database: Dependency;

  const ask = async (path: string): Promise<Answer> => {
    const response = await fetch(`${url}/${path}`);
    const body = (await response.json()) as Answer['body'];
    return { status: response.status, cacheControl: response.headers.get('cache-control'), body };
  };
  const answers = (path: string, status: number): Promise<Answer> =>
    until(async () => {
      const answer = await ask(path);
      return answer.status === status ? answer : undefined;
    }, `/${path} answers ${status}`);
  const add = (probe: HealthProbe): void => app.get(HealthProbes).add(probe);

  beforeEach(async () => {
    database = new Dependency();
    await database.start();
    app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
    add({ name: 'database', critical: true, check: () => database.ping() });
  });
  afterEach(async () => {
    await app.close();
    await database.stop();
  });

  it('is green when everything answers, and never stored', async () => {
    for (const path of ['livez', 'readyz', 'startupz']) {
      const answer = await ask(path);
      expect(answer).toMatchObject({ status: 200, body: { status: 'ok' } });
      expect(answer.cacheControl).toContain('no-store');
    }
    expect((await ask('readyz')).body.details.database?.status).toBe('up');
  });

  it('is not ready while the database is away, stays alive, and gets ready again by itself', async () => {
    await database.stop();

    const red = await answers('readyz', 503);

    expect(red.cacheControl).toContain('no-store');
    expect(red.body).toMatchObject({
      status: 'error',
      details: { database: { status: 'down', message: 'failed; the reason is in the log' } },
    });
    expect(JSON.stringify(red.body)).not.toContain(String(database.port));
    expect((await ask('livez')).status).toBe(200);
    await database.start();
    await answers('readyz', 200);
  });

  it('shows what fails and does not matter, and stays ready', async () => {
    const refused = new DependencyUnavailable('redis', 'ping', { cause: undefined });
    add({ name: 'redis', critical: false, check: () => Promise.reject(refused) });

    const answer = await ask('readyz');

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'degraded', details: { redis: { status: 'degraded' } } });
    expect(answer.body.details.redis?.message).toContain('redis did not answer');
  });

  it('does not wait for a probe that hangs', async () => {
    add({ name: 'stuck', critical: true, check: () => new Promise(() => undefined) });

    const answer = await ask('readyz');

    expect(answer.status).toBe(503);
    expect(answer.body.details.stuck?.message).toMatch(/timeout/);
  });

  it('asks each dependency once for many who ask at the same time', async () => {
    let asked = 0;
    add({ name: 'counted', critical: true, check: async () => void asked++ });

    await Promise.all(Array.from({ length: 50 }, () => ask('readyz')));

    expect(asked).toBeLessThan(5);
  });

  it('is not ready while draining, though everything answers', async () => {
    app.get(Draining).begin();

    const answer = await ask('readyz');

    expect(answer).toMatchObject({
      status: 503,
      body: { status: 'shutting_down', details: { draining: { status: 'down' } } },
    });
    expect((await ask('livez')).status).toBe(200);
  });

  it('has started once all that matters has answered, and stays so when it fails later', async () => {
    await database.stop();
    expect((await ask('startupz')).status).toBe(503);
    await database.start();
    await answers('startupz', 200);

    await database.stop();
    await answers('readyz', 503);

    expect((await ask('startupz')).status).toBe(200);
  });

  it('closes a breaker by asking through it, with no other traffic [S14]', async () => {
    const breaker = new CircuitBreaker('queue', { counts: () => true, openMs: 50 });
    const queue = new Dependency();
    await queue.start();
    add({ name: 'queue', critical: true, check: () => breaker.execute(() => queue.ping()) });
    await queue.stop();
    while (breaker.getState() === 'closed') await breaker.execute(() => queue.ping()).catch(() => undefined);
    expect((await ask('readyz')).status).toBe(503);

    await queue.start();
    await answers('readyz', 200);

    expect(breaker.getState()).toBe('closed');
    await queue.stop();
  });
});
