import { Injectable } from '@nestjs/common';
import { LockAcquisitionFailed } from '../../shared/errors/index.js';
import type { SharedDocument } from '../document.entity.js';
import { DocumentLockLost } from '../documents.errors.js';
import type { DocumentLock } from './lock.js';
import { DocumentLocksRepository } from './locks.repository.js';
import { type Sectioned, touches } from './sections.js';

/** A write that is about to happen. */
export interface Writing {
  authorId: string;
  /** The content after it; the whole document is touched unless it is given. */
  content?: string | undefined;
  /** Of the lock that the author believes to hold. */
  lockToken?: number | undefined;
}

/** Stands before every write of a document, whatever door it came by; in the transaction that has locked its row. */
@Injectable()
export class LockGuard {
  constructor(private readonly locks: DocumentLocksRepository) {}

  /**
   * @throws LockAcquisitionFailed when somebody else holds what is touched, saying who and until when
   * @throws DocumentLockLost when the author's lock has ended and another was granted since
   */
  async assertMayWrite(document: SharedDocument, writing: Writing): Promise<void> {
    const { tenantId, id } = document;
    const live = await this.locks.live(tenantId, id);
    const { authorId, lockToken } = writing;
    if (lockToken !== undefined && !live.some(({ token, holder }) => token === lockToken && holder === authorId)) {
      const last = await this.locks.last(tenantId, id);
      const isLast = last?.token === lockToken && last.holder === authorId && !last.released;
      if (!isLast) throw new DocumentLockLost(id, lockToken);
    }
    const inTheWay = lockInTheWay(live, document, writing);
    if (inTheWay) throw refusal(inTheWay);
  }
}

export const refusal = ({ documentId, holder, expiresAt }: DocumentLock): LockAcquisitionFailed =>
  new LockAcquisitionFailed('document', documentId, holder, expiresAt);

/** Somebody else's lock of what is touched. */
export const lockInTheWay = (
  live: readonly DocumentLock[],
  document: Sectioned,
  { authorId, content }: Writing,
): DocumentLock | undefined =>
  live.find(({ holder, section }) => {
    const isTouched = section === null || content === undefined || touches(document, content, section);
    return holder !== authorId && isTouched;
  });
