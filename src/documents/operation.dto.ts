import { IsBoolean, IsIn, IsString, MaxLength } from 'class-validator';
import {
  AnyJson,
  IsId,
  IsJsonValue,
  IsWhole,
  Omittable,
  type Page,
  PageQuery,
  QueryBoolean,
  QueryInt,
  rule,
  Whole,
  WholeByName,
} from '../shared/http/index.js';
import type { JsonValue } from '../shared/errors/index.js';
import { WrittenForTask, WrittenUnderLock } from './document.dto.js';
import { type DocumentOperation, OPERATION_TYPES, type OperationType } from './operation.js';
import type { Recorded } from './operations.repository.js';
import type { Snapshot, SnapshotEntry } from './snapshots.repository.js';

const MAX_VERSION = 2 ** 31 - 1;
const MAX_SEQUENCE = Number.MAX_SAFE_INTEGER;
const MAX_AUTHORS = 1_000;

/** A vector clock: whole numbers under the names of authors. */
const IsClock = (): PropertyDecorator =>
  rule('isClock', isClock, `$property must hold whole numbers from 0 under at most ${MAX_AUTHORS} names`);

export class RecordOperation extends WrittenForTask {
  /** Given where the operation may be sent again; the second one is refused. */
  @Omittable()
  @IsId()
  id?: string;

  @IsIn(OPERATION_TYPES)
  operationType: OperationType;

  /** Where in the document, in the words of the application's model. */
  @Omittable()
  @IsString()
  @MaxLength(2_000)
  path?: string;

  /** What, in the words of the application's model. */
  @IsJsonValue()
  value: JsonValue;

  /** Which author's how many operations its author knew. */
  @Omittable()
  @IsClock()
  @WholeByName()
  vectorClock?: Record<string, number>;

  /** False for one that waits until somebody marks it as applied. */
  @Omittable()
  @IsBoolean()
  applied?: boolean;
}

export class ListOperations {
  /** Operations after this number. */
  @QueryInt(0, MAX_SEQUENCE, 0)
  after?: number;

  @QueryInt(1, 1_000, 100)
  limit: number;

  /** Only those that wait to be applied. */
  @QueryBoolean(false)
  pending?: boolean;
}

export class OperationView {
  id: string;
  /** 1, 2, 3 … in each document, without gaps. */
  @Whole({ minimum: 1 })
  sequence: number;
  operationType: OperationType;
  path: string | null;
  /** Of a change of a versioned document: its title, and `splices` [at, deleted, inserted] in UTF-16 code units. */
  @AnyJson()
  value: JsonValue;
  agentId: string;
  taskId: string | null;
  @Whole()
  epoch: number | null;
  @WholeByName()
  vectorClock: Record<string, number>;
  /** Of the document after it; null where it left the content as it was. */
  @Whole({ minimum: 1 })
  version: number | null;
  createdAt: Date;
  appliedAt: Date | null;

  static of({ documentId: _, ...operation }: DocumentOperation): OperationView {
    return operation;
  }
}

export class OperationList {
  items: OperationView[];
}

export class RecordedView implements Recorded {
  id: string;
  @Whole({ minimum: 1 })
  sequence: number;
  createdAt: Date;
  appliedAt: Date | null;
}

export class CreateSnapshot {
  @Omittable()
  @IsString()
  @MaxLength(200)
  label?: string;
}

export class ListSnapshots extends PageQuery {}

export class PurgeSnapshots {
  /** How many of the newest ones stay. */
  @IsWhole(1, 10_000)
  keepLast: number;
}

export class CompactOperations {
  /** Operations with a lower number are removed. */
  @IsWhole(1, MAX_SEQUENCE)
  beforeSequence: number;
}

export class RestoreDocument extends WrittenUnderLock {
  /** The version whose title and content are to be there again; it becomes that of a new version. */
  @IsWhole(1, MAX_VERSION)
  version: number;
}

export class Removed {
  @Whole()
  removed: number;
}

export class SnapshotEntryView {
  id: string;
  /** Of the last operation that it holds. */
  @Whole()
  sequence: number;
  @Whole({ minimum: 1 })
  version: number;
  title: string;
  @Whole()
  bytes: number;
  label: string | null;
  @WholeByName()
  vectorClock: Record<string, number>;
  createdBy: string;
  createdAt: Date;

  static of({ id, sequence, version, title, bytes, label, vectorClock, createdBy, createdAt }: SnapshotEntry) {
    return { id, sequence, version, title, bytes, label, vectorClock, createdBy, createdAt };
  }
}

export class SnapshotView extends SnapshotEntryView {
  content: string;

  static override of(snapshot: Snapshot): SnapshotView {
    return { ...SnapshotEntryView.of(snapshot), content: snapshot.content };
  }
}

export class SnapshotPage implements Page<SnapshotEntryView> {
  items: SnapshotEntryView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}

export class ReadVersion {
  /** The newest when left out. */
  @QueryInt(1, MAX_VERSION)
  version?: number;
}

export class VersionView {
  @Whole({ minimum: 1 })
  version: number;
  title: string;
  content: string;
}

function isClock(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const counts: unknown[] = Object.values(value);
  return counts.length <= MAX_AUTHORS && counts.every((count) => Number.isSafeInteger(count) && Number(count) >= 0);
}
