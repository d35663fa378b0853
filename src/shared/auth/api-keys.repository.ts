import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';
import type { Scope } from './caller.js';
import { knownScopes } from './scopes.js';

/** An API key without its secret. */
export interface ApiKey {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  /** The secret's last four characters, to tell keys apart. */
  readonly ending: string;
  readonly scopes: readonly Scope[];
  /** Whom the key acts as; the key itself when none. */
  readonly actorId: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** The last use, to within some seconds. */
  readonly lastUsedAt: Date | null;
}

export type NewApiKey = Pick<ApiKey, 'id' | 'name' | 'ending' | 'scopes' | 'actorId' | 'createdBy' | 'expiresAt'>;

/** What deciding on a key needs. */
export interface KeyInUse {
  key: ApiKey;
  hash: Buffer;
  /** By the database's clock. */
  expired: boolean;
}

const COLUMNS = `tenant_id AS "tenantId", id, name, ending, scopes, actor_id AS "actorId", created_by AS "createdBy",
  created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt", last_used_at AS "lastUsedAt"`;

type Row = Omit<ApiKey, 'scopes'> & { scopes: string[] };

@Injectable()
export class ApiKeysRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Undefined when the tenant has a key of this id. Belongs in one transaction with `addLookup`. */
  @Operation()
  async insert(tenantId: string, key: NewApiKey, hash: Buffer): Promise<ApiKey | undefined> {
    const [row] = await this.query<Row>(
      `INSERT INTO api_keys (tenant_id, id, name, ending, key_hash, scopes, actor_id, created_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (tenant_id, id) DO NOTHING RETURNING ${COLUMNS}`,
      [tenantId, key.id, key.name, key.ending, hash, key.scopes, key.actorId, key.createdBy, key.expiresAt],
    );
    return row && toKey(row);
  }

  /** False when the same secret is a key already, of this or another tenant. */
  @Operation()
  async addLookup(tenantId: string, id: string, hash: Buffer): Promise<boolean> {
    const rows = await this.query(
      `INSERT INTO api_key_lookup (key_hash, tenant_id, key_id) VALUES ($1, $2, $3)
       ON CONFLICT (key_hash) DO NOTHING RETURNING key_id`,
      [hash, tenantId, id],
    );
    return rows.length === 1;
  }

  /** Gives a key another secret; the former one is nobody's from then on. Belongs in a transaction with `addLookup`. */
  @Operation()
  async replaceSecret(tenantId: string, id: string, former: Buffer, hash: Buffer, ending: string): Promise<ApiKey> {
    await this.query('DELETE FROM api_key_lookup WHERE key_hash = $1', [former]);
    const [row] = await this.query<Row>(
      `UPDATE api_keys SET key_hash = $3, ending = $4, revoked_at = NULL
       WHERE tenant_id = $1 AND id = $2 RETURNING ${COLUMNS}`,
      [tenantId, id, hash, ending],
    );
    return toKey(row as Row);
  }

  /** Two statements, since the lookup is not a table of the tenant's. On the primary: a revocation counts at once. */
  @Operation()
  async findByHash(hash: Buffer): Promise<KeyInUse | undefined> {
    const [found] = await this.query<{ tenantId: string; id: string }>(
      'SELECT tenant_id AS "tenantId", key_id AS id FROM api_key_lookup WHERE key_hash = $1',
      [hash],
    );
    return found && this.inUse(found.tenantId, found.id, '');
  }

  /** Locked until the end of the transaction, so that two nodes do not both change it. */
  @Operation()
  findForUpdate(tenantId: string, id: string): Promise<KeyInUse | undefined> {
    return this.inUse(tenantId, id, 'FOR UPDATE');
  }

  /** Newest first; `before` is the id of the last one of the page before. */
  @Operation()
  async list(tenantId: string, before: string | undefined, limit: number): Promise<ApiKey[]> {
    const rows = await this.query<Row>(
      `SELECT ${COLUMNS} FROM api_keys
       WHERE tenant_id = $1 AND id < coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff')::uuid
       ORDER BY id DESC LIMIT $3`,
      [tenantId, before ?? null, limit],
    );
    return rows.map(toKey);
  }

  /** The time of a first revocation stays. Undefined when the tenant has no such key. */
  @Operation()
  async revoke(tenantId: string, id: string): Promise<ApiKey | undefined> {
    const [row] = await this.query<Row>(
      `UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
       WHERE tenant_id = $1 AND id = $2 RETURNING ${COLUMNS}`,
      [tenantId, id],
    );
    return row && toKey(row);
  }

  /** Notes when keys were last used: `agesMs` ago, by this node's clock, counted back from the database's. */
  @Operation()
  async noteUses(tenantId: string, ids: string[], agesMs: number[]): Promise<void> {
    await this.query(
      `UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, now() - u.age * interval '1 millisecond')
       FROM unnest($2::uuid[], $3::int[]) u (id, age) WHERE k.tenant_id = $1 AND k.id = u.id`,
      [tenantId, ids, agesMs],
    );
  }

  private async inUse(tenantId: string, id: string, lock: '' | 'FOR UPDATE'): Promise<KeyInUse | undefined> {
    const [row] = await this.query<Row & { hash: Buffer; expired: boolean }>(
      `SELECT ${COLUMNS}, key_hash AS hash, coalesce(expires_at <= now(), false) AS expired
       FROM api_keys WHERE tenant_id = $1 AND id = $2 ${lock}`,
      [tenantId, id],
    );
    if (!row) return undefined;
    const { hash, expired, ...key } = row;
    return { key: toKey(key), hash, expired };
  }
}

/** A scope that this version does not know is not handed out. */
const toKey = (row: Row): ApiKey => ({ ...row, scopes: knownScopes(row.scopes) });
