import { Injectable } from '@nestjs/common';
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
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import { type Page, pageOf } from '../shared/http/index.js';
import { newId } from '../shared/ids/index.js';
import { DOCUMENT_SORTING, type ListDocuments } from './document.dto.js';
import { SharedDocument } from './document.entity.js';

export type NewDocument = Pick<
  SharedDocument,
  'workspaceId' | 'kind' | 'title' | 'contentType' | 'content' | 'bytes' | 'labels' | 'createdBy' | 'vectorClock'
>;
export type DocumentPatch = Partial<
  Pick<SharedDocument, 'title' | 'content' | 'contentType' | 'bytes' | 'labels' | 'vectorClock' | 'lastModifiedBy'>
>;

/** A document that a search found, and where. */
export interface Found {
  id: string;
  title: string;
  workspaceId: string;
  rank: number;
  /** Pieces of the content with the words found between « and ». */
  highlights: string;
}

export type DocumentFilter = Partial<Omit<ListDocuments, 'after' | 'limit' | 'sort'>>;

/** A document as lists have it. */
export type WithoutContent = Omit<SharedDocument, 'content'>;

const ENTRY = `tenant_id, id, workspace_id, kind, title, content_type, bytes, vector_clock, labels, version, created_by,
  last_modified_by, created_at, updated_at, deleted_at`;
/** Every column but what only the search needs. */
const COLUMNS = `${ENTRY}, content`;

/** What goes with a document for good, by `document_id`. */
const OWN_TABLES = [
  'document_operations',
  'document_snapshots',
  'document_conflicts',
  'document_suggestions',
  'document_locks',
  'document_lock_waits',
] as const;

/** Rows of documents. Their operations, snapshots, conflicts and locks stand in repositories of their own. */
@Injectable()
export class DocumentsRepository extends AggregateRepository {
  private readonly metadata = this.persistence.database.metadata(SharedDocument);
  private readonly toDocument = rowMapper<SharedDocument>(this.metadata);
  private readonly cached: CachedEntity<SharedDocument> = { type: 'document', revive: entityReviver(this.metadata) };
  private readonly reads = new Coalesced<SharedDocument | undefined>();

  constructor(
    persistence: Persistence,
    private readonly cache: EntityCache,
  ) {
    super(persistence);
  }

  @Operation()
  async insert(tenantId: string, document: NewDocument): Promise<SharedDocument> {
    const { workspaceId, kind, title, contentType, content, bytes, labels, createdBy, vectorClock } = document;
    const [row] = await this.query(
      `INSERT INTO shared_documents (tenant_id, id, workspace_id, kind, title, content_type, content, bytes, labels,
         created_by, last_modified_by, vector_clock)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11) RETURNING ${COLUMNS}`,
      [tenantId, newId(), workspaceId, kind, title, contentType, content, bytes, labels, createdBy, vectorClock],
    );
    return this.toDocument(row ?? {});
  }

  /** From the cache, unless inside a transaction. */
  @Operation()
  async find(tenantId: string, id: string): Promise<SharedDocument | undefined> {
    return this.load(tenantId, id);
  }

  /** As `find`. @throws NotFound */
  @Operation()
  async get(tenantId: string, id: string): Promise<SharedDocument> {
    const document = await this.load(tenantId, id);
    if (!document) throw new NotFound('document', id);
    return document;
  }

  /** Locks the row until the end of the transaction: nobody else numbers an operation meanwhile. @throws NotFound */
  @Operation()
  async getForUpdate(tenantId: string, id: string): Promise<SharedDocument> {
    const [row] = await this.query(
      `SELECT ${COLUMNS} FROM shared_documents WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE`,
      [tenantId, id],
    );
    if (!row) throw new NotFound('document', id);
    return this.toDocument(row);
  }

  /** As `getForUpdate`, without reading what may be large. @throws NotFound */
  @Operation()
  async lock(tenantId: string, id: string): Promise<void> {
    const rows = await this.query(
      'SELECT FROM shared_documents WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE',
      [tenantId, id],
    );
    if (rows.length === 0) throw new NotFound('document', id);
  }

  @Operation()
  async list(
    tenantId: string,
    list: Partial<ListDocuments>,
    workspaceIds?: readonly string[],
  ): Promise<Page<WithoutContent>> {
    const { expression, direction, after, cursorOf } = DOCUMENT_SORTING.order(list.sort, list.after);
    const limit = list.limit ?? 50;
    const { text, values } = this.filtered(ENTRY, tenantId, list, workspaceIds)
      .orderBy(expression, direction, after)
      .limit(limit + 1)
      .build();
    return pageOf((await this.read(text, values)).map(this.toDocument), limit, cursorOf);
  }

  @Operation()
  async count(tenantId: string, filter: DocumentFilter = {}): Promise<number> {
    const { text, values } = this.filtered('count(*) AS count', tenantId, filter).build();
    const [row] = await this.query<{ count: string }>(text, values);
    return Number(row?.count);
  }

  /** Best first, at most `limit`: words, "phrases", or, -without. */
  @Operation()
  async search(
    tenantId: string,
    text: string,
    filter: DocumentFilter,
    { limit, workspaceIds }: { limit: number; workspaceIds?: readonly string[] | undefined },
  ): Promise<Found[]> {
    const found = this.filtered(
      'id, workspace_id, title, content, ts_rank(search, q) AS rank',
      tenantId,
      filter,
      workspaceIds,
      text,
    );
    const { text: sql, values } = found.build();
    const at = `$${values.push(limit)}`;
    return this.read<Found>(
      `SELECT id, title, workspace_id AS "workspaceId", rank,
         ts_headline('simple', left(content, 20000), q, '${HEADLINE}') AS highlights
       FROM (SELECT * FROM (${sql}) matching ORDER BY rank DESC, id LIMIT ${at}) best,
         websearch_to_tsquery('simple', $2) q
       ORDER BY rank DESC, id`,
      values,
    );
  }

  /** Changes what the patch names, if the document is still at `version`. @throws NotFound, OptimisticLock */
  @Operation()
  async update(tenantId: string, id: string, version: number, patch: DocumentPatch): Promise<SharedDocument> {
    const values: unknown[] = [tenantId, id, version];
    const [row] = await this.query(
      `UPDATE shared_documents SET ${assignments(this.metadata, patch, values)}, updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND version = $3 AND deleted_at IS NULL
       RETURNING ${COLUMNS}`,
      values,
    );
    if (!row) throw await this.whyNotAt(tenantId, id, version);
    await this.changed(tenantId, id);
    return this.toDocument(row);
  }

  /** Hides the document; its log stays. @throws NotFound */
  @Operation()
  async softDelete(tenantId: string, id: string): Promise<SharedDocument> {
    const [row] = await this.query(
      `UPDATE shared_documents SET deleted_at = now(), updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING ${COLUMNS}`,
      [tenantId, id],
    );
    if (!row) throw new NotFound('document', id);
    await this.changed(tenantId, id);
    return this.toDocument(row);
  }

  /** For good, with its log and snapshots, be it hidden or not. @throws NotFound */
  @Operation()
  async delete(tenantId: string, id: string): Promise<SharedDocument> {
    const [row] = await this.query(
      `DELETE FROM shared_documents WHERE tenant_id = $1 AND id = $2 RETURNING ${COLUMNS}`,
      [tenantId, id],
    );
    if (!row) throw new NotFound('document', id);
    for (const table of OWN_TABLES) {
      await this.query(`DELETE FROM ${table} WHERE tenant_id = $1 AND document_id = $2`, [tenantId, id]);
    }
    await this.query('DELETE FROM change_notices WHERE tenant_id = $1 AND subject_id = $2', [tenantId, id]);
    await this.changed(tenantId, id);
    return this.toDocument(row);
  }

  /** After the commit: nobody is given the cached copy any more. */
  changed(tenantId: string, id: string): Promise<void> {
    return this.persistence.transactions.afterCommit(async () => {
      await this.cache.invalidate(this.cached.type, tenantId, [id]);
      this.reads.forget();
    });
  }

  private filtered(
    columns: string,
    tenantId: string,
    filter: DocumentFilter,
    workspaceIds?: readonly string[],
    search?: string,
  ): QueryBuilder {
    const matching = search === undefined ? '' : `, websearch_to_tsquery('simple', $2) q`;
    const base = `SELECT ${columns} FROM shared_documents${matching}
      WHERE tenant_id = $1 AND deleted_at IS NULL${search === undefined ? '' : ' AND search @@ q'}`;
    const query = new QueryBuilder(this.metadata, base, search === undefined ? [tenantId] : [tenantId, search])
      .addInCondition('workspaceId', workspaceIds)
      .addInCondition('kind', filter.kind)
      .addInCondition('contentType', filter.contentType);
    if (filter.workspaceId !== undefined) query.addCondition('workspaceId', '=', filter.workspaceId);
    if (filter.createdBy !== undefined) query.addCondition('createdBy', '=', filter.createdBy);
    if (filter.updatedAfter !== undefined) query.addCondition('updatedAt', '>', filter.updatedAfter);
    return query;
  }

  private async load(tenantId: string, id: string): Promise<SharedDocument | undefined> {
    const fromDatabase = async (): Promise<SharedDocument | undefined> => {
      const [row] = await this.query(
        `SELECT ${COLUMNS} FROM shared_documents WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL`,
        [tenantId, id],
      );
      return row && this.toDocument(row);
    };
    if (this.inTransaction) return fromDatabase();
    return this.reads.get(`${tenantId} ${id}`, () => this.cache.getOrLoad(this.cached, tenantId, id, fromDatabase));
  }

  private async whyNotAt(tenantId: string, id: string, version: number): Promise<NotFound | OptimisticLock> {
    const [row] = await this.query<{ version: number }>(
      'SELECT version FROM shared_documents WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL',
      [tenantId, id],
    );
    return row ? new OptimisticLock('document', id, version, row.version) : new NotFound('document', id);
  }
}

const HEADLINE = 'StartSel=«, StopSel=», MaxFragments=2, MaxWords=20, MinWords=5';
