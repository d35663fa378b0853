import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../../shared/database/index.js';
import { NotFound } from '../../shared/errors/index.js';
import { newId } from '../../shared/ids/index.js';
import type { SharedDocument } from '../document.entity.js';

/** A Yjs update, or a whole state, as it is stored. */
export interface StoredUpdate {
  /** Of the last operation that it holds. */
  sequence: number;
  payload: Buffer | null;
  /** Where there is no payload: the text that the document began with. */
  text: string | null;
}

export interface AuthoredUpdate {
  payload: Uint8Array;
  authorId: string;
}

/** The logs of live documents: Yjs updates, and snapshots that stand for those before them. */
@Injectable()
export class UpdatesRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Appends updates in one commit. Answers the number of the last. @throws NotFound */
  @Operation()
  async append(tenantId: string, documentId: string, updates: readonly AuthoredUpdate[]): Promise<number> {
    const [row] = await this.query<{ last: number | null }>(
      'SELECT document_live_append($1, $2, $3::uuid[], $4::bytea[], $5::text[])::float8 AS last',
      [
        tenantId,
        documentId,
        updates.map(() => newId()),
        updates.map(({ payload }) => Buffer.from(payload)),
        updates.map(({ authorId }) => authorId),
      ],
    );
    if (row?.last == null) throw new NotFound('document', documentId);
    return row.last;
  }

  /**
   * What is to be applied by who has applied all up to `after`: the newest snapshot, if it holds more than that, and the
   * updates since. One statement, so that it cannot fall between a snapshot and the removal of what is in it.
   */
  @Operation()
  since(tenantId: string, documentId: string, after: number): Promise<StoredUpdate[]> {
    return this.query<StoredUpdate>(
      `WITH snapshot AS (
         SELECT sequence, payload FROM document_snapshots
         WHERE tenant_id = $1 AND document_id = $2 AND payload IS NOT NULL AND sequence > $3
         ORDER BY sequence DESC LIMIT 1)
       SELECT sequence::float8 AS sequence, payload, NULL AS text FROM snapshot
       UNION ALL
       SELECT sequence::float8, payload, value #>> '{splices,0,2}' FROM document_operations
       WHERE tenant_id = $1 AND document_id = $2
         AND sequence > greatest($3, (SELECT sequence FROM snapshot))
         AND (payload IS NOT NULL OR sequence = 1)
       ORDER BY sequence`,
      [tenantId, documentId, after],
    );
  }

  /** Keeps a state that holds all operations up to `sequence`; for who has locked the document's row. */
  @Operation()
  async insertSnapshot(
    { tenantId, id, version, title, createdBy }: SharedDocument,
    { sequence, payload }: { sequence: number; payload: Uint8Array },
  ): Promise<void> {
    await this.query(
      `INSERT INTO document_snapshots (tenant_id, document_id, sequence, id, version, title, payload, bytes, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [tenantId, id, sequence, newId(), version, title, Buffer.from(payload), payload.length, createdBy],
    );
  }

  /** Removes the updates that a snapshot holds. Entries of an application's own model stay. */
  @Operation()
  async deleteOperationsTo(tenantId: string, documentId: string, sequence: number): Promise<void> {
    await this.query(
      `DELETE FROM document_operations WHERE tenant_id = $1 AND document_id = $2 AND sequence <= $3
         AND (payload IS NOT NULL OR sequence = 1)`,
      [tenantId, documentId, sequence],
    );
  }

  /** Removes the states before a newer one. */
  @Operation()
  async deleteSnapshotsBefore(tenantId: string, documentId: string, sequence: number): Promise<void> {
    await this.query(
      `DELETE FROM document_snapshots
       WHERE tenant_id = $1 AND document_id = $2 AND sequence < $3 AND payload IS NOT NULL`,
      [tenantId, documentId, sequence],
    );
  }
}
