import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { NotFound } from '../shared/errors/index.js';
import { KeysetCursor, type Page, pageOf } from '../shared/http/index.js';
import { newId } from '../shared/ids/index.js';
import type { SharedDocument } from './document.entity.js';
import type { Clock } from './operation.js';

/** A document as it was after one of its operations. */
export interface SnapshotEntry {
  id: string;
  sequence: number;
  version: number;
  title: string;
  bytes: number;
  label: string | null;
  vectorClock: Clock;
  createdBy: string;
  createdAt: Date;
}

export interface Snapshot extends SnapshotEntry {
  content: string;
}

const NEWEST_FIRST = new KeysetCursor('-sequence', ['number', 'uuid']);

@Injectable()
export class SnapshotsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Of the document as it is, after its operation `sequence`; for who has locked its row. */
  @Operation()
  async insert(
    document: SharedDocument,
    { sequence, label = null, createdBy }: { sequence: number; label?: string | null; createdBy: string },
  ): Promise<SnapshotEntry> {
    const { tenantId, id, version, title, content, bytes, vectorClock } = document;
    const [row] = await this.query<SnapshotEntry>(
      `INSERT INTO document_snapshots (tenant_id, document_id, sequence, id, version, title, content, bytes, vector_clock,
         label, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING ${ENTRY}`,
      [tenantId, id, sequence, newId(), version, title, content, bytes, vectorClock, label, createdBy],
    );
    return row as SnapshotEntry;
  }

  /** @throws NotFound */
  @Operation()
  async get(tenantId: string, documentId: string, id: string): Promise<Snapshot> {
    const [row] = await this.query<Snapshot>(
      `SELECT ${ENTRY}, content FROM document_snapshots WHERE tenant_id = $1 AND document_id = $2 AND id = $3`,
      [tenantId, documentId, id],
    );
    if (!row) throw new NotFound('snapshot', id);
    return row;
  }

  /** The newest one that is not of a later version. */
  @Operation()
  async atOrBefore(tenantId: string, documentId: string, version: number): Promise<Snapshot | undefined> {
    const [row] = await this.query<Snapshot>(
      `SELECT ${ENTRY}, content FROM document_snapshots
       WHERE tenant_id = $1 AND document_id = $2 AND version <= $3 AND content IS NOT NULL
       ORDER BY sequence DESC, id DESC LIMIT 1`,
      [tenantId, documentId, version],
    );
    return row;
  }

  /** Newest first. */
  @Operation()
  async list(tenantId: string, documentId: string, limit: number, after?: string): Promise<Page<SnapshotEntry>> {
    const [sequence, id] = NEWEST_FIRST.decode(after) ?? [];
    const rows = await this.read<SnapshotEntry>(
      `SELECT ${ENTRY} FROM document_snapshots
       WHERE tenant_id = $1 AND document_id = $2 AND ($3::bigint IS NULL OR (sequence, id) < ($3, $4::uuid))
       ORDER BY sequence DESC, id DESC LIMIT $5`,
      [tenantId, documentId, sequence ?? null, id ?? null, limit + 1],
    );
    return pageOf(rows, limit, (last) => NEWEST_FIRST.encode([last.sequence, last.id]));
  }

  /** Removes all but the newest `keepLast`, and but the one that the kept operations build on. Answers how many. */
  @Operation()
  async purge(tenantId: string, documentId: string, keepLast: number): Promise<number> {
    const gone = await this.query(
      `DELETE FROM document_snapshots WHERE tenant_id = $1 AND document_id = $2 AND payload IS NULL
         AND sequence IS DISTINCT FROM (
           SELECT max(b.sequence) FROM document_snapshots b
           WHERE b.tenant_id = $1 AND b.document_id = $2 AND b.sequence < (
             SELECT min(o.sequence) FROM document_operations o
             WHERE o.tenant_id = $1 AND o.document_id = $2 AND o.version IS NOT NULL))
         AND (sequence, id) NOT IN (
           SELECT s.sequence, s.id FROM document_snapshots s WHERE s.tenant_id = $1 AND s.document_id = $2
           ORDER BY s.sequence DESC, s.id DESC LIMIT $3)
       RETURNING id`,
      [tenantId, documentId, keepLast],
    );
    return gone.length;
  }
}

const ENTRY = `id, sequence::float8 AS sequence, version, title, bytes, label, vector_clock AS "vectorClock",
  created_by AS "createdBy", created_at AS "createdAt"`;
