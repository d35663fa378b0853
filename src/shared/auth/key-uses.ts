import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ApiKeysRepository } from './api-keys.repository.js';

const INTERVAL_MS = 10_000;

/** Notes when keys were last used: one statement per tenant every ten seconds, and none while nothing is used. */
@Injectable()
export class KeyUses implements OnApplicationShutdown {
  private readonly logger = new Logger('keys');
  /** Tenant → key → when, in ms of this node's monotonic clock. Holds no more than the keys used in one interval. */
  private uses = new Map<string, Map<string, number>>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly keys: ApiKeysRepository) {}

  note(tenantId: string, keyId: string): void {
    let keys = this.uses.get(tenantId);
    if (!keys) this.uses.set(tenantId, (keys = new Map<string, number>()));
    keys.set(keyId, performance.now());
    this.timer ??= setTimeout(() => void this.flush(), INTERVAL_MS).unref();
  }

  /** Writes what was noted. What cannot be written is logged and forgotten: the next use notes it again. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const uses = this.uses;
    this.uses = new Map();
    const now = performance.now();
    for (const [tenantId, keys] of uses) {
      try {
        const ages = [...keys.values()].map((at) => Math.round(now - at));
        await this.keys.noteUses(tenantId, [...keys.keys()], ages);
      } catch (error) {
        this.logger.warn({ msg: 'the last use of keys was not noted', tenantId, keys: keys.size, err: error });
      }
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.flush();
  }
}
