import { CACHE_MANAGER, type CacheManagerOptions, CacheModule as NestCacheModule } from '@nestjs/cache-manager';
import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { Metrics } from '../metrics/index.js';
import { given, type OptionsSource } from '../options/index.js';
import { CacheConnection, type CacheOptions, DEFAULT_TTL_MS, openCache } from './connection.js';
import { EntityCache } from './entity-cache.js';

const CACHE_OPTIONS = Symbol('cache options');

@Module({})
class CacheConnectionModule {}

/**
 * `EntityCache` for repositories, and the `CACHE_MANAGER` of @nestjs/cache-manager over the same store. Asks for the
 * global `Metrics`.
 */
@Module({})
export class CacheModule implements OnApplicationShutdown {
  constructor(
    private readonly cache: EntityCache,
    private readonly connection: CacheConnection,
  ) {}

  static forRoot(options: CacheOptions = {}): DynamicModule {
    return CacheModule.forRootAsync(given(options));
  }

  static forRootAsync(source: OptionsSource<CacheOptions>): DynamicModule {
    const connection: DynamicModule = {
      module: CacheConnectionModule,
      providers: [
        { provide: CACHE_OPTIONS, ...source },
        { provide: CacheConnection, inject: [CACHE_OPTIONS, Metrics], useFactory: openCache },
      ],
      exports: [CACHE_OPTIONS, CacheConnection],
    };
    const manager = NestCacheModule.registerAsync({
      imports: [connection],
      inject: [CacheConnection, CACHE_OPTIONS],
      // Keyv declares its types twice, for import and for require, and TypeScript holds the two for different classes.
      useFactory: ({ keyv }: CacheConnection, { ttlMs = DEFAULT_TTL_MS }: CacheOptions) => ({
        stores: keyv as unknown as CacheManagerOptions['stores'],
        ttl: ttlMs,
      }),
    });
    const entityCache = {
      provide: EntityCache,
      inject: [CACHE_MANAGER, Metrics, CacheConnection, CACHE_OPTIONS],
      useFactory: (
        cache: Cache,
        metrics: Metrics,
        { shared }: CacheConnection,
        { ttlMs = DEFAULT_TTL_MS }: CacheOptions,
      ) => new EntityCache(cache, metrics, { ttlMs, shared }),
    };
    return {
      module: CacheModule,
      global: true,
      imports: [connection, manager],
      providers: [entityCache],
      exports: [EntityCache, connection, manager],
    };
  }

  /** Late, because requests that are being finished still invalidate. */
  async onApplicationShutdown(): Promise<void> {
    await this.cache.close();
    this.connection.close();
  }
}
