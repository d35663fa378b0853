import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';

/** The merged state of a workspace, as it is kept. */
export interface StoredSharedState {
  /** Rises by one with every write; 0 while nothing was written. */
  sequence: number;
  /** JSON text as `SharedState.toJSON` gives it. */
  state: string;
  updatedBy: string | null;
  updatedAt: Date | null;
}

/** An operation that came with an id of its sender's. */
export interface KnownOperation {
  id: string;
  /** SHA-256 of what it asked for. */
  digest: Buffer;
}

/** How long a repeat of an operation is known by its id, at least. */
export const KEPT_OPERATIONS_DAYS = 1;

@Injectable()
export class SharedStateRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async find(tenantId: string, workspaceId: string): Promise<StoredSharedState | undefined> {
    const [row] = await this.query<StoredSharedState>(
      `SELECT ${STORED} FROM shared_states WHERE tenant_id = $1 AND workspace_id = $2`,
      [tenantId, workspaceId],
    );
    return row;
  }

  /** For who writes it in this transaction, with the database's time in ms since 1970. */
  @Operation()
  async lock(tenantId: string, workspaceId: string): Promise<(StoredSharedState & { now: number }) | undefined> {
    const [row] = await this.query<StoredSharedState & { now: number }>(
      `SELECT ${STORED}, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now
       FROM shared_states WHERE tenant_id = $1 AND workspace_id = $2 FOR UPDATE`,
      [tenantId, workspaceId],
    );
    return row;
  }

  /** An empty one, where there is none. */
  @Operation()
  async begin(tenantId: string, workspaceId: string): Promise<void> {
    await this.query('INSERT INTO shared_states (tenant_id, workspace_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      tenantId,
      workspaceId,
    ]);
  }

  @Operation()
  async write(
    tenantId: string,
    workspaceId: string,
    { sequence, state, updatedBy }: Omit<StoredSharedState, 'updatedAt'>,
  ): Promise<void> {
    await this.query(
      `UPDATE shared_states SET sequence = $3, state = $4, updated_by = $5, updated_at = now()
       WHERE tenant_id = $1 AND workspace_id = $2`,
      [tenantId, workspaceId, sequence, state, updatedBy],
    );
  }

  /** Of these ids those that are known, with their digests. */
  @Operation()
  known(tenantId: string, workspaceId: string, ids: readonly string[]): Promise<KnownOperation[]> {
    return this.query<KnownOperation>(
      `SELECT id, digest FROM shared_state_operations
       WHERE tenant_id = $1 AND workspace_id = $2 AND id = ANY ($3::text[])`,
      [tenantId, workspaceId, ids],
    );
  }

  @Operation()
  async remember(tenantId: string, workspaceId: string, operations: readonly KnownOperation[]): Promise<void> {
    await this.query(
      `INSERT INTO shared_state_operations (tenant_id, workspace_id, id, digest)
       SELECT $1, $2, * FROM unnest($3::text[], $4::bytea[])`,
      [tenantId, workspaceId, operations.map(({ id }) => id), operations.map(({ digest }) => digest)],
    );
  }

  @Operation()
  async forgetOld(tenantId: string, workspaceId: string): Promise<void> {
    await this.query(
      `DELETE FROM shared_state_operations
       WHERE tenant_id = $1 AND workspace_id = $2 AND created_at < now() - $3 * interval '1 day'`,
      [tenantId, workspaceId, KEPT_OPERATIONS_DAYS],
    );
  }
}

const STORED = 'sequence::float8 AS sequence, state, updated_by AS "updatedBy", updated_at AS "updatedAt"';
