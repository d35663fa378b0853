import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, type Outcome, Persistence } from '../shared/database/index.js';
import { LockAcquisitionFailed, NotFound, OptimisticLock } from '../shared/errors/index.js';
import { newId } from '../shared/ids/index.js';
import { DocumentLockLost } from './documents.errors.js';
import type { DocumentPatch } from './documents.repository.js';
import type { ChangeValue } from './change-value.js';
import type { Clock, WrittenFor } from './operation.js';

/** A change of one version of a document. */
export interface DocumentWrite extends WrittenFor {
  id: string;
  /** The version it was made from. */
  version: number;
  patch: DocumentPatch;
  value: ChangeValue;
  authorId: string;
  vectorClock: Clock;
  lockToken?: number | undefined;
  /** Whether the new version gets a snapshot. */
  snapshot: boolean;
}

export interface Written {
  version: number;
  updatedAt: Date;
}

interface Answer {
  outcome: 'written' | 'missing' | 'stale' | 'locked' | 'lost' | 'sections';
  version: number;
  updated: Date;
  holder: string;
  until: Date;
}

/** Versions of documents in one round trip, those of concurrent callers together. */
@Injectable()
export class DocumentWritesRepository extends AggregateRepository {
  private readonly writes = this.batched({
    operation: 'documents.write',
    flush: (tenantId, items: DocumentWrite[]) => this.flushWrites(tenantId, items),
    weigh: ({ patch, value }) => (patch.content?.length ?? 0) + JSON.stringify(value).length,
  });

  constructor(persistence: Persistence) {
    super(persistence);
  }

  /**
   * The version after it; undefined where somebody else holds a section, and whether the change touches it is to be seen.
   * @throws NotFound, OptimisticLock, LockAcquisitionFailed, DocumentLockLost
   */
  @Operation()
  async write(tenantId: string, write: DocumentWrite): Promise<Written | undefined> {
    return this.writes(tenantId, write);
  }

  /** A transaction of the caller's is under way: what is written belongs to it. */
  get isInTransaction(): boolean {
    return this.inTransaction;
  }

  private async flushWrites(tenantId: string, items: DocumentWrite[]): Promise<Outcome<Written | undefined>[]> {
    const list = <T>(of: (item: DocumentWrite) => T): (T | null)[] => items.map((item) => of(item) ?? null);
    const json = (value: object | undefined): string | undefined => value && JSON.stringify(value);
    const rows = await this.query<Answer>(
      `SELECT outcome, version, updated, holder, until FROM document_write($1, $2, $3, $4, $5, $6, $7, $8::jsonb[], $9,
         $10::jsonb[], $11, $12::jsonb[], $13, $14, $15, $16) ORDER BY ord`,
      [
        tenantId,
        list(({ id }) => id),
        list(({ version }) => version),
        list(({ patch }) => patch.title),
        list(({ patch }) => patch.content),
        list(({ patch }) => patch.bytes),
        list(({ patch }) => patch.contentType),
        list(({ patch }) => json(patch.labels)),
        list(({ authorId }) => authorId),
        list(({ vectorClock }) => json(vectorClock)),
        list(() => newId()),
        list(({ value }) => json(value)),
        list(({ taskId }) => taskId),
        list(({ epoch }) => epoch),
        list(({ lockToken }) => lockToken),
        list(({ snapshot }) => (snapshot ? newId() : undefined)),
      ],
    );
    return items.map((item, n) => outcomeOf(item, rows[n]));
  }
}

function outcomeOf(
  { id, version, lockToken }: DocumentWrite,
  answer: Answer | undefined,
): Outcome<Written | undefined> {
  switch (answer?.outcome) {
    case 'written':
      return { value: { version: answer.version, updatedAt: answer.updated } };
    case 'sections':
      return { value: undefined };
    case 'stale':
      return { error: new OptimisticLock('document', id, version, answer.version) };
    case 'locked':
      return { error: new LockAcquisitionFailed('document', id, answer.holder, answer.until) };
    case 'lost':
      return { error: new DocumentLockLost(id, lockToken) };
    default:
      return { error: new NotFound('document', id) };
  }
}
