export { CacheModule } from './cache.module.js';
export { CacheConnection, type CacheOptions, openCache } from './connection.js';
export { type CachedEntity, EntityCache, type Invalidation } from './entity-cache.js';
export { CacheCoherence } from './cache-coherence.js';
export { Coalesced } from './coalesced.js';
