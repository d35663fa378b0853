import { Injectable } from '@nestjs/common';
import { newId } from '../shared/ids/index.js';
import { type CachedEntity, Coalesced, EntityCache } from '../shared/cache/index.js';
import {
  AggregateRepository,
  assignments,
  entityReviver,
  Operation,
  Persistence,
  QueryBuilder,
  rowMapper,
} from '../shared/database/index.js';
import { InvalidInput, NotFound, OptimisticLock } from '../shared/errors/index.js';
import { type Page, pageOf } from '../shared/http/index.js';
import { type ListWorkspaces, WORKSPACE_SORTING } from './workspace.dto.js';
import { DEFAULT_WORKSPACE, Workspace } from './workspace.entity.js';

type NewWorkspace = Pick<Workspace, 'name' | 'description' | 'visibility' | 'labels' | 'createdBy'>;
export type WorkspacePatch = Partial<Pick<Workspace, 'name' | 'description' | 'visibility' | 'status' | 'labels'>>;

type Row = Record<string, unknown>;

/** What goes with a workspace for good, by `workspace_id`. */
const OWN_TABLES = [
  'workspace_members',
  'workspace_states',
  'workspace_activity',
  'shared_states',
  'shared_state_operations',
] as const;

@Injectable()
export class WorkspacesRepository extends AggregateRepository {
  private readonly metadata = this.persistence.database.metadata(Workspace);
  private readonly toWorkspace = rowMapper<Workspace>(this.metadata);
  private readonly cached: CachedEntity<Workspace> = { type: 'workspace', revive: entityReviver(this.metadata) };
  private readonly reads = new Coalesced<Workspace | undefined>();

  constructor(
    persistence: Persistence,
    private readonly cache: EntityCache,
  ) {
    super(persistence);
  }

  /** How many the tenant has, its default one included. */
  @Operation()
  async count(tenantId: string): Promise<number> {
    const [row] = await this.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM workspaces WHERE tenant_id = $1 AND deleted_at IS NULL',
      [tenantId],
    );
    return row?.count ?? 0;
  }

  /**
   * The new workspace and its feed, in the caller's transaction; undefined when the tenant has one of that name. A name
   * that is being taken by another transaction is waited for.
   */
  @Operation()
  async insert(tenantId: string, workspace: NewWorkspace): Promise<Workspace | undefined> {
    const { name, description, visibility, labels, createdBy } = workspace;
    const [row] = await this.query(
      `INSERT INTO workspaces (tenant_id, id, name, description, visibility, labels, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, name) WHERE deleted_at IS NULL DO NOTHING
       RETURNING *`,
      [tenantId, newId(), name, description, visibility, labels, createdBy],
    );
    if (!row) return undefined;
    await this.query('INSERT INTO feeds (tenant_id, id) VALUES ($1, $2)', [tenantId, row.id]);
    return this.toWorkspace(row);
  }

  /** From the cache, unless inside a transaction. */
  @Operation()
  async find(tenantId: string, id: string): Promise<Workspace | undefined> {
    return this.load(tenantId, id);
  }

  /** As `find`. @throws NotFound */
  @Operation()
  async get(tenantId: string, id: string): Promise<Workspace> {
    const workspace = await this.load(tenantId, id);
    if (!workspace) throw new NotFound('workspace', id);
    return workspace;
  }

  /** The tenant's default workspace; from the cache, unless inside a transaction. */
  @Operation()
  async findDefault(tenantId: string): Promise<Workspace | undefined> {
    const fromDatabase = () => this.byName(tenantId, DEFAULT_WORKSPACE);
    if (this.inTransaction) return fromDatabase();
    return this.cachedOr(tenantId, DEFAULT_WORKSPACE, fromDatabase);
  }

  /** Locks the row until the end of the transaction. @throws NotFound */
  @Operation()
  async getForUpdate(tenantId: string, id: string): Promise<Workspace> {
    const [row] = await this.query(
      'SELECT * FROM workspaces WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE',
      [tenantId, id],
    );
    if (!row) throw new NotFound('workspace', id);
    return this.toWorkspace(row);
  }

  /** The row as it is now: until the end of the transaction nobody changes or locks the workspace. @throws NotFound */
  @Operation()
  async getForWork(tenantId: string, id: string): Promise<Workspace> {
    const [row] = await this.query(
      'SELECT * FROM workspaces WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR SHARE',
      [tenantId, id],
    );
    if (!row) throw new NotFound('workspace', id);
    return this.toWorkspace(row);
  }

  /**
   * @param visibleTo leaves out private workspaces of which this is no member
   * @throws InvalidInput when `search` holds no word
   */
  @Operation()
  async list(tenantId: string, list: Partial<ListWorkspaces>, visibleTo?: string): Promise<Page<Workspace>> {
    const { expression, direction, after, cursorOf } = WORKSPACE_SORTING.order(list.sort, list.after);
    const limit = list.limit ?? 50;
    const base = `SELECT * FROM workspaces WHERE tenant_id = $1 AND deleted_at IS NULL
      AND ($2::text IS NULL OR visibility <> 'private' OR ${hasMember('$2')})
      AND ($3::text IS NULL OR ${hasMember('$3')})`;
    const query = new QueryBuilder(this.metadata, base, [tenantId, visibleTo ?? null, list.member ?? null])
      .addInCondition('status', list.status)
      .addInCondition('visibility', list.visibility)
      .orderBy(expression, direction, after)
      .limit(limit + 1);
    if (list.name !== undefined) query.addCondition('name', '=', list.name);
    if (list.createdBy !== undefined) query.addCondition('createdBy', '=', list.createdBy);
    if (list.owner !== undefined) query.addClause(hasMember('?', `AND m.role = 'owner'`), list.owner);
    if (list.search !== undefined) query.addClause(`${SEARCHED} @@ to_tsquery('simple', ?)`, wordsOf(list.search));
    if (list.activeSince) query.addClause(ACTIVE_SINCE, list.activeSince, list.activeSince);
    const { text, values } = query.build();
    return pageOf((await this.read(text, values)).map(this.toWorkspace), limit, cursorOf);
  }

  /** Of those that `visibleTo` may know of, as `list` says it. */
  @Operation()
  async visibleIds(tenantId: string, visibleTo: string): Promise<string[]> {
    const rows = await this.read<{ id: string }>(
      `SELECT id FROM workspaces WHERE tenant_id = $1 AND deleted_at IS NULL
         AND (visibility <> 'private' OR ${hasMember('$2')})`,
      [tenantId, visibleTo],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Changes what the patch names, if the workspace is still at `version`.
   * @throws NotFound, OptimisticLock with the current version, AlreadyExists when the name is taken
   */
  @Operation()
  async update(tenantId: string, id: string, version: number, patch: WorkspacePatch): Promise<Workspace> {
    const values: unknown[] = [tenantId, id, version];
    const [row] = await this.query(
      `UPDATE workspaces SET ${assignments(this.metadata, patch, values)}, updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND version = $3 AND deleted_at IS NULL
       RETURNING *`,
      values,
    );
    if (!row) throw await this.whyNotAt(tenantId, id, version);
    await this.forgetAfterCommit(tenantId, id);
    return this.toWorkspace(row);
  }

  /** Hides the workspace, frees its name and ends its lock; its feed and its work stay. @throws NotFound */
  @Operation()
  async softDelete(tenantId: string, id: string): Promise<Workspace> {
    const [row] = await this.query(
      `UPDATE workspaces SET deleted_at = now(), updated_at = now(), version = version + 1,
         lock_holder = NULL, lock_reason = NULL, locked_at = NULL, lock_expires_at = NULL
       WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL
       RETURNING *`,
      [tenantId, id],
    );
    if (!row) throw new NotFound('workspace', id);
    await this.forgetAfterCommit(tenantId, id);
    return this.toWorkspace(row);
  }

  /** Removes for good up to `limit` of those that were deleted before this, the oldest first, with all that is theirs. */
  @Operation()
  async purge(tenantId: string, deletedBefore: Date, limit: number): Promise<Workspace[]> {
    const rows = await this.query<Row & { id: string }>(
      `DELETE FROM workspaces WHERE tenant_id = $1 AND id IN (
         SELECT id FROM workspaces WHERE tenant_id = $1 AND deleted_at < $2 ORDER BY deleted_at, id LIMIT $3
         FOR UPDATE SKIP LOCKED)
       RETURNING *`,
      [tenantId, deletedBefore, limit],
    );
    const ids = rows.map(({ id }) => id);
    // Presence goes with the members.
    for (const table of OWN_TABLES) {
      await this.query(`DELETE FROM ${table} WHERE tenant_id = $1 AND workspace_id = ANY($2)`, [tenantId, ids]);
    }
    return rows.map(this.toWorkspace);
  }

  private async load(tenantId: string, id: string): Promise<Workspace | undefined> {
    const fromDatabase = async (): Promise<Workspace | undefined> => {
      const [row] = await this.query(
        'SELECT * FROM workspaces WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
        [tenantId, id],
      );
      return row && this.toWorkspace(row);
    };
    return this.inTransaction ? fromDatabase() : this.cachedOr(tenantId, id, fromDatabase);
  }

  private cachedOr(
    tenantId: string,
    id: string,
    load: () => Promise<Workspace | undefined>,
  ): Promise<Workspace | undefined> {
    return this.reads.get(`${tenantId} ${id}`, () => this.cache.getOrLoad(this.cached, tenantId, id, load));
  }

  private async byName(tenantId: string, name: string): Promise<Workspace | undefined> {
    const [row] = await this.query(
      'SELECT * FROM workspaces WHERE tenant_id = $1 AND name = $2 AND deleted_at IS NULL',
      [tenantId, name],
    );
    return row && this.toWorkspace(row);
  }

  /** Forgets the cached copies; the default workspace is kept under its name as well. */
  forgetAfterCommit(tenantId: string, id: string): Promise<void> {
    const ids = [id, DEFAULT_WORKSPACE];
    return this.persistence.transactions.afterCommit(async () => {
      await this.cache.invalidate(this.cached.type, tenantId, ids);
      this.reads.forget();
    });
  }

  private async whyNotAt(tenantId: string, id: string, version: number): Promise<NotFound | OptimisticLock> {
    const [row] = await this.query<Row & { version: number }>(
      'SELECT version FROM workspaces WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      [tenantId, id],
    );
    return row ? new OptimisticLock('workspace', id, version, row.version) : new NotFound('workspace', id);
  }
}

const hasMember = (id: string, more = ''): string =>
  `EXISTS (SELECT FROM workspace_members m
     WHERE m.tenant_id = workspaces.tenant_id AND m.member_id = ${id} AND m.workspace_id = workspaces.id ${more})`;

const ACTIVE_SINCE = `EXISTS (SELECT FROM workspace_activity a
    WHERE a.tenant_id = workspaces.tenant_id AND a.workspace_id = workspaces.id AND a.at >= ?)
  OR EXISTS (SELECT FROM workspace_members m
    WHERE m.tenant_id = workspaces.tenant_id AND m.workspace_id = workspaces.id AND m.last_activity_at >= ?)`;

/** As the index idx_workspaces_search has it. */
const SEARCHED = `to_tsvector('simple', translate(name || ' ' || coalesce(description, ''), '-_./:@#', '       '))`;

/** A tsquery of beginnings of words. They hold no sign of ASCII, so nothing needs quoting. */
function wordsOf(search: string): string {
  const words = search.split(/[\s!-/:-@[-`{-~]+/).filter((word) => word !== '');
  if (words.length === 0) throw InvalidInput.of('search', 'hasWords', 'search must hold at least one word.');
  return words.map((word) => `${word}:*`).join(' & ');
}
