import type { ClientBase } from 'pg';
import { DataSource, type DataSourceOptions, type EntitySchema, type MigrationInterface } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions';
import { DomainError } from '../errors/index.js';

/** A migration's class. */
export type Migration = new () => MigrationInterface;

export interface DatabaseOptions {
  url: string;
  /** Whether `url` is that of a pooler such as PgBouncer: nothing is kept on a connection then. */
  pooled?: boolean;
  /** Read-only servers; reads and read-only transactions are spread over them. */
  replicaUrls?: readonly string[];
  /** Connections per server at most. */
  poolSize?: number;
  /** Calls of one hot operation that share a statement at most; 256 unless given. */
  batchSize?: number;
  /**
   * Time after which a statement is given up and cancelled, and a transaction that does nothing is ended, in ms; 30 000
   * unless given, 0 for never.
   */
  statementTimeoutMs?: number;
  /** How long a call waits for a free connection before it is refused with 503, in ms; 5 000 unless given. */
  acquireTimeoutMs?: number;
  migrations?: readonly Migration[];
  /** Table that remembers which were applied; `migrations` unless given. */
  migrationsTable?: string;
  /** Done before the connections are opened, and again when that is tried again: migrations, for one. */
  beforeOpen?: () => Promise<unknown>;
}

export const DEFAULT_MIGRATIONS_TABLE = 'migrations';
export const DEFAULT_POOL_SIZE = 10;
export const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
export const DEFAULT_ACQUIRE_TIMEOUT_MS = 5_000;

/** TypeORM's options for ours; `entities` are given by the modules that own them. */
export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  const replicas = options.replicaUrls ?? [];
  const servers: Partial<PostgresDataSourceOptions> =
    replicas.length > 0
      ? { replication: { master: { url: options.url }, slaves: replicas.map((url) => ({ url })) } }
      : { url: options.url };
  return {
    ...servers,
    type: 'postgres',
    poolSize: options.poolSize ?? DEFAULT_POOL_SIZE,
    connectTimeoutMS: options.acquireTimeoutMs ?? DEFAULT_ACQUIRE_TIMEOUT_MS,
    // Client-side, so that it also works behind a pooler that forgets session settings.
    extra: {
      query_timeout: options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS,
      keepAlive: true,
      onConnect: outlive,
    },
    migrations: [...(options.migrations ?? [])],
    migrationsTableName: options.migrationsTable ?? DEFAULT_MIGRATIONS_TABLE,
    migrationsTransactionMode: 'each',
    // Its own round trip and table checks would be made at every start; migrations make the schema.
    installExtensions: false,
    logging: false,
  };
}

/**
 * The pool stops listening to a connection as it lends it, and TypeORM begins a moment later. A server that dies just
 * then, its last words in one packet with its first, would end this process by an error that nobody hears. Who
 * uses the connection is told by its statement, and the pool does not lend a broken one again.
 */
const outlive = (client: ClientBase): void => void client.on('error', () => undefined);

export function createDataSource(
  options: DatabaseOptions,
  entities: (EntitySchema | (new () => object))[],
): DataSource {
  return new DataSource({ ...dataSourceOptions(options), entities });
}

/** A single statement takes the server's own level, and the functions that write events are right at one level only. */
export class UnsuitableIsolation extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'unsuitable_isolation';

  constructor(level: string) {
    super(
      `default_transaction_isolation is '${level}' and must be 'read committed'; change it for this database with ` +
        `ALTER DATABASE … SET default_transaction_isolation = 'read committed', or for the role.`,
      { level },
    );
  }
}

/** @throws UnsuitableIsolation */
export async function assertReadCommitted(dataSource: DataSource): Promise<void> {
  const rows = await dataSource.query<{ level: string }[]>(
    `SELECT current_setting('default_transaction_isolation') AS level`,
  );
  const level = rows[0]?.level ?? 'unknown';
  if (level !== 'read committed') throw new UnsuitableIsolation(level);
}
