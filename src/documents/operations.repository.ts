import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, type Outcome, Persistence } from '../shared/database/index.js';
import { type JsonValue, NotFound } from '../shared/errors/index.js';
import { newId } from '../shared/ids/index.js';
import { OperationApplied } from './documents.errors.js';
import type { Clock, DocumentOperation, OperationType, WrittenFor } from './operation.js';

/** An operation that gets its number. */
export interface NewOperation extends WrittenFor {
  id?: string | undefined;
  operationType: OperationType;
  path?: string | null | undefined;
  value: JsonValue;
  agentId: string;
  vectorClock: Clock;
  /** Of the document after it, where it changes the content. */
  version?: number | undefined;
  /** Whether it is applied already. */
  applied: boolean;
}

type Recording = NewOperation & { documentId: string };

/** What an operation was given. */
export interface Recorded {
  id: string;
  sequence: number;
  createdAt: Date;
  appliedAt: Date | null;
}

/** The append-only logs of documents. */
@Injectable()
export class OperationsRepository extends AggregateRepository {
  private readonly recordings = this.batched({
    operation: 'operations.record',
    flush: (tenantId, items: Recording[]) => this.flushRecord(tenantId, items),
    weigh: ({ value }) => JSON.stringify(value).length,
  });

  constructor(persistence: Persistence) {
    super(persistence);
  }

  /**
   * Appends an operation. Concurrent calls share a statement, which locks the documents and numbers each one's
   * operations on from its last.
   * @throws NotFound for the document
   */
  @Operation()
  async record(tenantId: string, documentId: string, operation: NewOperation): Promise<Recorded> {
    return this.recordings(tenantId, { ...operation, documentId });
  }

  /** After `after`, in order. */
  @Operation()
  since(tenantId: string, documentId: string, after: number, limit: number): Promise<DocumentOperation[]> {
    return this.read<DocumentOperation>(page('sequence > $3'), [tenantId, documentId, after, limit]);
  }

  /** From `from` to `to`, both included, in order. */
  @Operation()
  bySequence(tenantId: string, documentId: string, from: number, to: number): Promise<DocumentOperation[]> {
    return this.read<DocumentOperation>(
      `SELECT ${COLUMNS} FROM document_operations
       WHERE tenant_id = $1 AND document_id = $2 AND sequence BETWEEN $3 AND $4 ORDER BY sequence`,
      [tenantId, documentId, from, to],
    );
  }

  /** Those that wait to be applied, in order. */
  @Operation()
  pending(tenantId: string, documentId: string, after: number, limit: number): Promise<DocumentOperation[]> {
    return this.read<DocumentOperation>(page('applied_at IS NULL AND sequence > $3'), [
      tenantId,
      documentId,
      after,
      limit,
    ]);
  }

  /** Those that changed the content from one version to another, in order. */
  @Operation()
  changes(tenantId: string, documentId: string, after: number, to: number): Promise<DocumentOperation[]> {
    return this.query<DocumentOperation>(
      `SELECT ${COLUMNS} FROM document_operations
       WHERE tenant_id = $1 AND document_id = $2 AND version > $3 AND version <= $4 ORDER BY sequence`,
      [tenantId, documentId, after, to],
    );
  }

  /** Marks one as applied, once. @throws NotFound, OperationApplied */
  @Operation()
  async markApplied(tenantId: string, documentId: string, id: string): Promise<DocumentOperation> {
    const [row] = await this.query<DocumentOperation>(
      `UPDATE document_operations SET applied_at = now()
       WHERE tenant_id = $1 AND document_id = $2 AND id = $3 AND applied_at IS NULL RETURNING ${COLUMNS}`,
      [tenantId, documentId, id],
    );
    if (row) return row;
    const known = await this.query(
      'SELECT FROM document_operations WHERE tenant_id = $1 AND document_id = $2 AND id = $3',
      [tenantId, documentId, id],
    );
    throw known.length > 0 ? new OperationApplied(id) : new NotFound('operation', id);
  }

  /** The last number given, also when that operation is no longer kept. */
  @Operation()
  async last(tenantId: string, documentId: string): Promise<number> {
    const [row] = await this.query<{ last: number }>(
      `SELECT greatest(
         (SELECT max(sequence) FROM document_operations WHERE tenant_id = $1 AND document_id = $2),
         (SELECT max(sequence) FROM document_snapshots WHERE tenant_id = $1 AND document_id = $2), 0)::float8 AS last`,
      [tenantId, documentId],
    );
    return row?.last ?? 0;
  }

  /** The document's clock after a version; undefined when its operation is no longer kept. */
  @Operation()
  async clockAt(tenantId: string, documentId: string, version: number): Promise<Clock | undefined> {
    const [row] = await this.query<{ clock: Clock }>(
      `SELECT vector_clock AS clock FROM document_operations
       WHERE tenant_id = $1 AND document_id = $2 AND version = $3`,
      [tenantId, documentId, version],
    );
    return row?.clock;
  }

  /** The last change of the content before `sequence`. */
  @Operation()
  async versionBefore(
    tenantId: string,
    documentId: string,
    sequence: number,
  ): Promise<{ version: number; vectorClock: Clock } | undefined> {
    const [row] = await this.query<{ version: number; vectorClock: Clock }>(
      `SELECT version, vector_clock AS "vectorClock" FROM document_operations
       WHERE tenant_id = $1 AND document_id = $2 AND sequence < $3 AND version IS NOT NULL
       ORDER BY sequence DESC LIMIT 1`,
      [tenantId, documentId, sequence],
    );
    return row;
  }

  /** Removes those before `sequence`. Answers how many. */
  @Operation()
  async deleteBefore(tenantId: string, documentId: string, sequence: number): Promise<number> {
    const gone = await this.query(
      `DELETE FROM document_operations
       WHERE tenant_id = $1 AND document_id = $2 AND sequence < $3 RETURNING sequence`,
      [tenantId, documentId, sequence],
    );
    return gone.length;
  }

  private async flushRecord(tenantId: string, items: Recording[]): Promise<Outcome<Recorded>[]> {
    const list = <T>(of: (item: Recording) => T): T[] => items.map(of);
    const rows = await this.query<{ id: string; sequence: number; at: Date; applied: Date | null }>(
      `SELECT id, sequence::float8, created AS at, applied FROM document_record($1, $2::uuid[], $3::uuid[], $4, $5,
         $6::jsonb[], $7, $8::uuid[], $9, $10::jsonb[], $11, $12)`,
      [
        tenantId,
        list(({ documentId }) => documentId),
        list(({ id }) => id ?? newId()),
        list(({ operationType }) => operationType),
        list(({ path }) => path ?? null),
        list(({ value }) => JSON.stringify(value)),
        list(({ agentId }) => agentId),
        list(({ taskId }) => taskId ?? null),
        list(({ epoch }) => epoch ?? null),
        list(({ vectorClock }) => JSON.stringify(vectorClock)),
        list(({ version }) => version ?? null),
        list(({ applied }) => applied),
      ],
    );
    return items.map(({ documentId }, n) => {
      const row = rows[n];
      if (!row?.id) return { error: new NotFound('document', documentId) };
      return { value: { id: row.id, sequence: row.sequence, createdAt: row.at, appliedAt: row.applied } };
    });
  }
}

const COLUMNS = `id, document_id AS "documentId", sequence::float8 AS sequence, operation_type AS "operationType", path,
  value, agent_id AS "agentId", task_id AS "taskId", epoch, vector_clock AS "vectorClock", version,
  created_at AS "createdAt", applied_at AS "appliedAt"`;

/** Of one page, besides one operation that is larger. */
const PAGE_BYTES = 4 * 1024 * 1024;

const page = (condition: string): string => `
  SELECT ${COLUMNS} FROM (
    SELECT *, sum(octet_length(value::text)) OVER (ORDER BY sequence) - octet_length(value::text) AS before FROM (
      SELECT * FROM document_operations WHERE tenant_id = $1 AND document_id = $2 AND ${condition}
      ORDER BY sequence LIMIT $4) found) counted
  WHERE coalesce(before, 0) < ${PAGE_BYTES} ORDER BY sequence`;
