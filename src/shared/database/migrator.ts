import { Client } from 'pg';
import { DomainError } from '../errors/index.js';
import { createDataSource, type DatabaseOptions, DEFAULT_MIGRATIONS_TABLE } from './data-source.js';

/** Any fixed number; it names Muster's migrations among the advisory locks of the database. */
const LOCK = 7_178_217;

export interface MigrationStatus {
  applied: string[];
  pending: string[];
}

/** The database was migrated by a newer Muster than this one. */
export class UnknownMigrations extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'unknown_migrations';

  constructor(names: string[]) {
    super(`The database holds migrations this version does not know: ${names.join(', ')}.`, { names });
  }
}

/** The database lacks migrations that this Muster needs. */
export class MigrationsPending extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'migrations_pending';

  constructor(pending: string[]) {
    super(`${pending.length} migrations are pending; run: muster migrate up`, { pending });
  }
}

/**
 * Applies, undoes and lists migrations. TypeORM lets two processes run the same migration at once, so each call holds an
 * advisory lock on a connection of its own; `url` must therefore reach the server itself, not a pooler.
 */
export class Migrator {
  constructor(private readonly options: DatabaseOptions) {}

  /** Applies what is pending and returns its names. Nodes that start together wait for the first one. */
  up(): Promise<string[]> {
    return this.locked(async (dataSource) => {
      const { pending } = await this.compare(dataSource);
      if (pending.length > 0) await dataSource.runMigrations({ transaction: 'each' });
      return pending;
    });
  }

  /** Undoes the newest migration and returns its name, if there is one. */
  down(): Promise<string | undefined> {
    return this.locked(async (dataSource) => {
      const { applied } = await this.compare(dataSource);
      const last = applied.at(-1);
      if (last) await dataSource.undoLastMigration({ transaction: 'each' });
      return last;
    });
  }

  async status(): Promise<MigrationStatus> {
    const dataSource = await createDataSource({ ...this.options, poolSize: 1 }, []).initialize();
    try {
      return await this.compare(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }

  private async locked<T>(work: (dataSource: ReturnType<typeof createDataSource>) => Promise<T>): Promise<T> {
    const holder = new Client({ connectionString: this.options.url });
    // With this connection the lock is gone, and another node may begin to migrate.
    const lost = new Promise<never>((_, reject) => holder.on('error', reject));
    lost.catch(() => undefined);
    await holder.connect();
    const dataSource = createDataSource({ ...this.options, replicaUrls: [], poolSize: 2, statementTimeoutMs: 0 }, []);
    try {
      await holder.query('SELECT pg_advisory_lock($1)', [LOCK]);
      await dataSource.initialize();
      return await Promise.race([work(dataSource), lost]);
    } finally {
      if (dataSource.isInitialized) await dataSource.destroy();
      await holder.end();
    }
  }

  private async compare(dataSource: ReturnType<typeof createDataSource>): Promise<MigrationStatus> {
    const known = dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name);
    const applied = await appliedMigrations((sql) => dataSource.query(sql), this.options.migrationsTable);
    const unknown = applied.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new UnknownMigrations(unknown);
    return { applied, pending: known.filter((name) => !applied.includes(name)) };
  }
}

/** Names of the migrations a database has, oldest first; none where it was never migrated. */
export async function appliedMigrations(
  query: (sql: string) => Promise<Record<string, unknown>[]>,
  table = DEFAULT_MIGRATIONS_TABLE,
): Promise<string[]> {
  const quoted = identifier(table);
  const [found] = await query(`SELECT to_regclass('${quoted}') IS NOT NULL AS present`);
  if (!found?.present) return [];
  const rows = await query(`SELECT name FROM ${quoted} ORDER BY timestamp`);
  return rows.map((row) => String(row.name));
}

/** A table's name is an identifier and cannot be bound. @throws TypeError for anything but a plain name */
function identifier(table: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(table)) throw new TypeError(`${table} is not the name of a table.`);
  return `"${table}"`;
}
