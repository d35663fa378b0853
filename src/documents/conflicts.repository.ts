import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../shared/database/index.js';
import { NotFound } from '../shared/errors/index.js';
import { KeysetCursor, type Page, pageOf } from '../shared/http/index.js';
import { newId } from '../shared/ids/index.js';
import type { Conflict, NewConflict, Resolution } from './conflict.js';
import { ConflictResolved } from './documents.errors.js';

const BY_ID = new KeysetCursor('id', ['uuid']);

/** The ledger of what did not merge. */
@Injectable()
export class ConflictsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async record(tenantId: string, documentId: string, conflict: NewConflict): Promise<Conflict> {
    const { kind, path, base, current, proposed, baseVersion, currentVersion, strategy, proposedBy } = conflict;
    const { baseClock, currentClock, proposedClock, resolution = null } = conflict;
    const [row] = await this.query<Conflict>(
      `INSERT INTO document_conflicts (tenant_id, document_id, id, kind, path, base, current, proposed, base_version,
         current_version, base_clock, current_clock, proposed_clock, strategy, proposed_by, resolution, resolved_by,
         resolved_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
         CASE WHEN $16::text IS NOT NULL THEN $15 END, CASE WHEN $16::text IS NOT NULL THEN now() END)
       RETURNING ${COLUMNS}`,
      [
        tenantId,
        documentId,
        newId(),
        kind,
        path,
        base,
        current,
        proposed,
        baseVersion,
        currentVersion,
        baseClock,
        currentClock,
        proposedClock,
        strategy,
        proposedBy,
        resolution,
      ],
    );
    return row as Conflict;
  }

  /** @throws NotFound */
  @Operation()
  async get(tenantId: string, documentId: string, id: string): Promise<Conflict> {
    const [row] = await this.query<Conflict>(
      `SELECT ${COLUMNS} FROM document_conflicts WHERE tenant_id = $1 AND document_id = $2 AND id = $3`,
      [tenantId, documentId, id],
    );
    if (!row) throw new NotFound('conflict', id);
    return row;
  }

  /** Oldest first. @param open only those that are not settled */
  @Operation()
  async list(
    tenantId: string,
    documentId: string,
    { open, limit, after }: { open: boolean; limit: number; after?: string | undefined },
  ): Promise<Page<Conflict>> {
    const [id] = BY_ID.decode(after) ?? [];
    const rows = await this.read<Conflict>(
      `SELECT ${COLUMNS} FROM document_conflicts
       WHERE tenant_id = $1 AND document_id = $2 AND (NOT $3 OR resolved_at IS NULL) AND ($4::uuid IS NULL OR id > $4)
       ORDER BY id LIMIT $5`,
      [tenantId, documentId, open, id ?? null, limit + 1],
    );
    return pageOf(rows, limit, (last) => BY_ID.encode([last.id]));
  }

  /** Settles it, once. @throws NotFound, ConflictResolved */
  @Operation()
  async resolve(
    tenantId: string,
    documentId: string,
    id: string,
    by: { resolution: Resolution; resolvedBy: string },
  ): Promise<Conflict> {
    const [row] = await this.query<Conflict>(
      `UPDATE document_conflicts SET resolution = $4, resolved_by = $5, resolved_at = now()
       WHERE tenant_id = $1 AND document_id = $2 AND id = $3 AND resolved_at IS NULL RETURNING ${COLUMNS}`,
      [tenantId, documentId, id, by.resolution, by.resolvedBy],
    );
    if (row) return row;
    throw new ConflictResolved(await this.get(tenantId, documentId, id));
  }
}

const COLUMNS = `id, document_id AS "documentId", kind, path, base, current, proposed, base_version AS "baseVersion",
  current_version AS "currentVersion", base_clock AS "baseClock", current_clock AS "currentClock",
  proposed_clock AS "proposedClock", strategy, proposed_by AS "proposedBy", created_at AS "createdAt", resolution,
  resolved_by AS "resolvedBy", resolved_at AS "resolvedAt"`;
