import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MIGRATIONS } from '../migrations/index.js';
import { CacheConnection } from './shared/cache/index.js';
import { appliedMigrations, Database, MigrationsPending } from './shared/database/index.js';
import { HealthProbes } from './shared/health/index.js';

/** What this node must have to be given work, and what it can do without. */
@Injectable()
export class NodeProbes implements OnModuleInit {
  private migrated = false;

  constructor(
    private readonly probes: HealthProbes,
    private readonly database: Database,
    private readonly cache: CacheConnection,
  ) {}

  onModuleInit(): void {
    this.probes.add({
      name: 'database',
      critical: true,
      check: async () => {
        await this.database.query('SELECT 1');
        return { breaker: this.database.breaker.getState() };
      },
    });
    this.probes.add({ name: 'migrations', critical: true, check: () => this.checkMigrations() });
    this.probes.add({ name: 'cache', critical: false, check: () => this.cache.check() });
  }

  /** Asked once: what has been applied stays so while this node runs. */
  private async checkMigrations(): Promise<void> {
    if (this.migrated) return;
    const applied = new Set(await appliedMigrations((sql) => this.database.query(sql)));
    const pending = MIGRATIONS.map(({ name }) => name).filter((name) => !applied.has(name));
    if (pending.length > 0) throw new MigrationsPending(pending);
    this.migrated = true;
  }
}
