import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { type JsonObject, NotFound, OptimisticLock } from '../shared/errors/index.js';
import { KeysetCursor, type Page, pageOf } from '../shared/http/index.js';

/** What stands in the history of a state: who wrote a version, when, and how much. */
export interface StateEntry {
  version: number;
  /** Of its JSON text. */
  bytes: number;
  updatedBy: string;
  updatedAt: Date;
}

export interface WorkspaceState extends StateEntry {
  state: JsonObject;
}

/** Versions that are kept, the newest ones. */
export const KEPT_VERSIONS = 100;

const NEWEST_FIRST = new KeysetCursor('-version', ['number']);

/** The shared state of workspaces, as JSON of which each change makes a version. */
@Injectable()
export class StateRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** The newest version, or a certain one; undefined when nothing was written, or it is no longer kept. */
  @Operation()
  async find(tenantId: string, workspaceId: string, version?: number): Promise<WorkspaceState | undefined> {
    const [row] = await this.query<WorkspaceState>(
      `SELECT ${ENTRY}, state FROM workspace_states
       WHERE tenant_id = $1 AND workspace_id = $2 AND ($3::int IS NULL OR state_version = $3)
       ORDER BY state_version DESC LIMIT 1`,
      [tenantId, workspaceId, version ?? null],
    );
    return row;
  }

  /** As `find`, of a certain version. @throws NotFound */
  @Operation()
  async get(tenantId: string, workspaceId: string, version: number): Promise<WorkspaceState> {
    const found = await this.find(tenantId, workspaceId, version);
    if (!found) throw new NotFound('state version', String(version));
    return found;
  }

  /**
   * Writes the version after `version`, if that is the newest one; 0 is that of a state that was never written.
   * @throws OptimisticLock with the current version
   */
  @Operation()
  async write(
    tenantId: string,
    workspaceId: string,
    version: number,
    next: Pick<WorkspaceState, 'state' | 'bytes' | 'updatedBy'>,
  ): Promise<WorkspaceState> {
    const [row] = await this.query<WorkspaceState>(
      `INSERT INTO workspace_states (tenant_id, workspace_id, state_version, state, bytes, updated_by)
         SELECT $1, $2, $3::int + 1, $4, $5, $6
         WHERE coalesce((SELECT max(state_version) FROM workspace_states WHERE tenant_id = $1 AND workspace_id = $2), 0) = $3
       ON CONFLICT (tenant_id, workspace_id, state_version) DO NOTHING
       RETURNING ${ENTRY}, state`,
      [tenantId, workspaceId, version, JSON.stringify(next.state), next.bytes, next.updatedBy],
    );
    if (!row) {
      const current = await this.find(tenantId, workspaceId);
      throw new OptimisticLock('state', workspaceId, version, current?.version ?? 0);
    }
    await this.query(
      'DELETE FROM workspace_states WHERE tenant_id = $1 AND workspace_id = $2 AND state_version <= $3',
      [tenantId, workspaceId, row.version - KEPT_VERSIONS],
    );
    return row;
  }

  /** Newest first. */
  @Operation()
  async history(tenantId: string, workspaceId: string, limit: number, after?: string): Promise<Page<StateEntry>> {
    const [before] = NEWEST_FIRST.decode(after) ?? [];
    const rows = await this.read<StateEntry>(
      `SELECT ${ENTRY} FROM workspace_states
       WHERE tenant_id = $1 AND workspace_id = $2 AND ($3::int IS NULL OR state_version < $3)
       ORDER BY state_version DESC LIMIT $4`,
      [tenantId, workspaceId, before ?? null, limit + 1],
    );
    return pageOf(rows, limit, (last) => NEWEST_FIRST.encode([last.version]));
  }
}

const ENTRY = 'state_version AS version, bytes, updated_by AS "updatedBy", updated_at AS "updatedAt"';
