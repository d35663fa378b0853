import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../../shared/database/index.js';
import { newId } from '../../shared/ids/index.js';
import type { DocumentLock, LockRequest, LockWait } from './lock.js';

/** A waiter that was not heard of for so long has gone, whatever became of its node. */
const WAITER_GONE = `interval '5 seconds'`;

/** Locks of documents and who waits for them. What decides over several of them is for who has locked the document's row. */
@Injectable()
export class DocumentLocksRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Those that have not ended, by the database's clock, in the order of their tokens. */
  @Operation()
  live(tenantId: string, documentId: string): Promise<DocumentLock[]> {
    return this.query<DocumentLock>(
      `SELECT ${COLUMNS} FROM document_locks
       WHERE tenant_id = $1 AND document_id = $2 AND released_at IS NULL AND expires_at > clock_timestamp()
       ORDER BY token`,
      [tenantId, documentId],
    );
  }

  /** Live locks of somebody, in any document. */
  @Operation()
  ofHolder(tenantId: string, holder: string, limit: number): Promise<DocumentLock[]> {
    return this.read<DocumentLock>(
      `SELECT ${COLUMNS} FROM document_locks
       WHERE tenant_id = $1 AND holder = $2 AND released_at IS NULL AND expires_at > clock_timestamp()
       ORDER BY acquired_at, token LIMIT $3`,
      [tenantId, holder, limit],
    );
  }

  /** The next token of the document. Grants before it that have ended are forgotten. */
  @Operation()
  async grant(
    tenantId: string,
    documentId: string,
    { mode, section, holder, seconds }: LockRequest & { holder: string; seconds: number },
  ): Promise<DocumentLock> {
    const [row] = await this.query<DocumentLock>(
      `INSERT INTO document_locks (tenant_id, document_id, token, id, mode, section, holder, expires_at)
       SELECT $1, $2, coalesce(max(token), 0) + 1, $3, $4, $5, $6, clock_timestamp() + $7 * interval '1 second'
       FROM document_locks WHERE tenant_id = $1 AND document_id = $2
       RETURNING ${COLUMNS}`,
      [tenantId, documentId, newId(), mode, section, holder, seconds],
    );
    await this.query(
      `DELETE FROM document_locks WHERE tenant_id = $1 AND document_id = $2 AND token < $3
         AND (released_at IS NOT NULL OR expires_at <= clock_timestamp())`,
      [tenantId, documentId, row?.token],
    );
    return row as DocumentLock;
  }

  /** Undefined when it has ended, or is somebody else's. */
  @Operation()
  async extend(
    tenantId: string,
    documentId: string,
    token: number,
    { holder, seconds }: { holder: string; seconds: number },
  ): Promise<DocumentLock | undefined> {
    const [row] = await this.query<DocumentLock>(
      `UPDATE document_locks SET expires_at = clock_timestamp() + $5 * interval '1 second'
       WHERE tenant_id = $1 AND document_id = $2 AND token = $3 AND holder = $4
         AND released_at IS NULL AND expires_at > clock_timestamp()
       RETURNING ${COLUMNS}`,
      [tenantId, documentId, token, holder, seconds],
    );
    return row;
  }

  /** Undefined when it has ended. @param holder only when it is his */
  @Operation()
  async release(tenantId: string, documentId: string, id: string, holder?: string): Promise<DocumentLock | undefined> {
    const [row] = await this.query<DocumentLock>(
      `UPDATE document_locks SET released_at = clock_timestamp()
       WHERE tenant_id = $1 AND document_id = $2 AND id = $3 AND ($4::text IS NULL OR holder = $4)
         AND released_at IS NULL AND expires_at > clock_timestamp()
       RETURNING ${COLUMNS}`,
      [tenantId, documentId, id, holder ?? null],
    );
    return row;
  }

  /** The last grant of the document, whatever became of it. */
  @Operation()
  async last(tenantId: string, documentId: string): Promise<(DocumentLock & { released: boolean }) | undefined> {
    const [row] = await this.query<DocumentLock & { released: boolean }>(
      `SELECT ${COLUMNS}, released_at IS NOT NULL AS released FROM document_locks
       WHERE tenant_id = $1 AND document_id = $2 ORDER BY document_locks.token DESC LIMIT 1`,
      [tenantId, documentId],
    );
    return row;
  }

  /** Joins the queue, or says that he is still in it. */
  @Operation()
  async wait(tenantId: string, { documentId, id, mode, section, holder }: LockWait): Promise<void> {
    await this.query(
      `INSERT INTO document_lock_waits (tenant_id, document_id, id, mode, section, holder)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (tenant_id, document_id, id) DO UPDATE SET seen_at = clock_timestamp()`,
      [tenantId, documentId, id, mode, section, holder],
    );
  }

  /** Leaves the queue, and takes along who is not heard of any more. */
  @Operation()
  async leave(tenantId: string, documentId: string, id: string): Promise<void> {
    await this.query(
      `DELETE FROM document_lock_waits
       WHERE tenant_id = $1 AND document_id = $2 AND (id = $3 OR seen_at < clock_timestamp() - ${WAITER_GONE})`,
      [tenantId, documentId, id],
    );
  }

  /** The queue of a document, in the order in which they came. */
  @Operation()
  queue(tenantId: string, documentId: string): Promise<LockWait[]> {
    return this.query<LockWait>(
      `SELECT id, document_id AS "documentId", mode, section, holder FROM document_lock_waits
       WHERE tenant_id = $1 AND document_id = $2 AND seen_at > clock_timestamp() - ${WAITER_GONE} ORDER BY joined_at, id`,
      [tenantId, documentId],
    );
  }

  /** Everybody who waits, in the order in which they came, and the live locks of the documents that somebody waits for. */
  @Operation()
  async knots(tenantId: string): Promise<{ waits: LockWait[]; locks: DocumentLock[] }> {
    const waits = await this.query<LockWait>(
      `SELECT id, document_id AS "documentId", mode, section, holder FROM document_lock_waits
       WHERE tenant_id = $1 AND seen_at > clock_timestamp() - ${WAITER_GONE} ORDER BY joined_at, id`,
      [tenantId],
    );
    const locks = await this.query<DocumentLock>(
      `SELECT ${COLUMNS} FROM document_locks
       WHERE tenant_id = $1 AND document_id = ANY ($2) AND released_at IS NULL AND expires_at > clock_timestamp()`,
      [tenantId, [...new Set(waits.map(({ documentId }) => documentId))]],
    );
    return { waits, locks };
  }
}

const COLUMNS = `id, document_id AS "documentId", token::float8 AS token, mode, section, holder,
  acquired_at AS "acquiredAt", expires_at AS "expiresAt"`;
