import { IsIn, IsString, Length } from 'class-validator';
import { IsWhole, Omittable, Whole } from '../../shared/http/index.js';
import { type DocumentLock, LOCK_MODES, type LockMode, MAX_LOCK_SECONDS } from './lock.js';

const MAX_WAIT_SECONDS = 30;

export class AcquireDocumentLock {
  /** `exclusive`: only the holder writes. `shared`: nobody writes. `section`: only the holder writes in the section. */
  @IsIn(LOCK_MODES)
  mode: LockMode;

  /** With `section`: a JSON Pointer in a JSON document, else the text of a heading. */
  @Omittable()
  @IsString()
  @Length(1, 500)
  section?: string;

  /** When it ends unless it is renewed; 300 when left out. */
  @Omittable()
  @IsWhole(1, MAX_LOCK_SECONDS)
  seconds?: number;

  /** How long to wait in the queue; not at all when left out. */
  @Omittable()
  @IsWhole(0, MAX_WAIT_SECONDS)
  waitSeconds?: number;
}

export class RenewDocumentLock {
  /** From now on; 300 when left out. */
  @Omittable()
  @IsWhole(1, MAX_LOCK_SECONDS)
  seconds?: number;
}

export class DocumentLockView implements DocumentLock {
  id: string;
  documentId: string;
  /** Rises with every grant of the document; send it as `lockToken` with what you write. */
  @Whole({ minimum: 1 })
  token: number;
  mode: LockMode;
  section: string | null;
  holder: string;
  acquiredAt: Date;
  expiresAt: Date;
}

export class DocumentLockList {
  items: DocumentLockView[];
}
