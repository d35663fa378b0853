import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Wakeups } from '../events/index.js';
import { EntityCache, type Invalidation } from './entity-cache.js';

const CHANNEL = 'cache';
/** Ids of one message: 100 UUIDs keep it below the bus's 7,000 bytes. */
const IDS = 100;

/** Tells the nodes' caches of each other's changes where each node has its own. A shared store needs no telling. */
@Injectable()
export class CacheCoherence implements OnModuleInit {
  constructor(
    private readonly cache: EntityCache,
    private readonly wakeups: Wakeups,
  ) {}

  onModuleInit(): void {
    if (this.cache.shared) return;
    this.cache.onInvalidate(({ entityType, tenantId, ids }) => {
      for (let from = 0; from < ids.length; from += IDS) {
        this.wakeups.broadcast(CHANNEL, JSON.stringify({ entityType, tenantId, ids: ids.slice(from, from + IDS) }));
      }
    });
    this.wakeups.onBroadcast(CHANNEL, (payload) => {
      void this.cache.applyRemoteInvalidation(JSON.parse(payload) as Invalidation);
    });
    // What was said while the bus was away is unknown.
    this.wakeups.onReconnect(() => void this.cache.forgetAll());
  }
}
