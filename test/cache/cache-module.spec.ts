import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { type BeforeApplicationShutdown, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Cache } from 'cache-manager';
import { CacheConnection, CacheModule, type CacheOptions, EntityCache } from '../../src/shared/cache/index.js';
import { Metrics, MetricsModule } from '../../src/shared/metrics/index.js';
import { RedisServer } from '../support/redis-server.js';

const TEXT = { type: 'text', revive: (stored: unknown) => String(stored) };

@Injectable()
class Repository implements BeforeApplicationShutdown {
  readAtShutdown: string | undefined;

  constructor(readonly cache: EntityCache) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.readAtShutdown = await this.cache.getOrLoad(TEXT, 't1', '1', async () => 'at shutdown');
  }
}

@Module({ providers: [Repository] })
class AggregateModule {}

async function start(options?: CacheOptions) {
  class AppModule {}
  Module({ imports: [MetricsModule.forRoot({ process: false }), CacheModule.forRoot(options), AggregateModule] })(
    AppModule,
  );
  return NestFactory.createApplicationContext(AppModule, { logger: false });
}

describe('CacheModule', () => {
  it('gives repositories one cache in memory, counted in the metrics [S133][S134] [S90][S139]', async () => {
    const app = await start();
    const { cache } = app.get(Repository, { strict: false });
    await cache.getOrLoad(TEXT, 't1', '1', async () => 'first');
    await cache.getOrLoad(TEXT, 't1', '1', async () => 'second');

    const text = await app.get(Metrics).registry.metrics();

    expect(cache.shared).toBe(false);
    expect(text).toContain('muster_cache_hits_total{entity_type="text"} 1');
    expect(text).toContain('muster_cache_misses_total{entity_type="text"} 1');
    await expect(app.get(CacheConnection).check()).resolves.toBeUndefined();
    await app.close();
  });

  it('offers the same store as the CACHE_MANAGER of Nest, with the time to live [S80]', async () => {
    const app = await start({ ttlMs: 60_000 });
    const manager = app.get<Cache>(CACHE_MANAGER);

    await manager.set('own', { a: 1 });

    expect(await manager.get('own')).toEqual({ a: 1 });
    expect((await manager.ttl('own')) ?? 0).toBeGreaterThan(Date.now() + 50_000);
    expect(manager.stores[0]).toBe(app.get(CacheConnection).keyv);
    await app.close();
  });

  (RedisServer.installed ? it : it.skip)(
    'works until the end of the shutdown on Redis, then lets go of it',
    async () => {
      const server = await RedisServer.prepare();
      await server.start();
      const app = await start({ redisUrl: server.url });
      const repository = app.get(Repository, { strict: false });
      const { cache } = repository;
      const connection = app.get(CacheConnection);
      expect(cache.shared).toBe(true);
      await cache.getOrLoad(TEXT, 't1', '1', async () => 'first');
      expect(await cache.getOrLoad(TEXT, 't1', '1', async () => 'second')).toBe('first');

      await app.close();

      expect(repository.readAtShutdown).toBe('first');
      await expect(connection.check()).rejects.toThrow();
      await server.remove();
    },
  );
});
