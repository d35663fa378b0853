import { Injectable } from '@nestjs/common';
import { Transactions } from '../../shared/database/index.js';
import type { ContentType } from '../document.entity.js';
import { DocumentsRepository } from '../documents.repository.js';
import type { DocumentLock } from '../locks/lock.js';
import { lockInTheWay } from '../locks/lock-guard.js';
import { DocumentLocksRepository } from '../locks/locks.repository.js';

/** The locks of a live document at one moment. */
export class Held {
  constructor(
    private readonly locks: readonly DocumentLock[],
    private readonly contentType: ContentType,
  ) {}

  /** Whether somebody else holds anything at all. */
  concerns(authorId: string): boolean {
    return this.locks.some(({ holder }) => holder !== authorId);
  }

  /** What keeps an author from making the one text the other. */
  against(authorId: string, before: string, after: string): DocumentLock | undefined {
    const document = { contentType: this.contentType, content: before };
    return lockInTheWay(this.locks, document, { authorId, content: after });
  }
}

/** Lets rooms write one after the other, and tells them what is locked. */
@Injectable()
export class LiveGuard {
  constructor(
    private readonly locks: DocumentLocksRepository,
    private readonly documents: DocumentsRepository,
    private readonly transactions: Transactions,
  ) {}

  /** @throws NotFound when the document is gone */
  async held(tenantId: string, documentId: string): Promise<Held> {
    const locks = await this.locks.live(tenantId, documentId);
    const contentType = locks.length === 0 ? 'text' : (await this.documents.get(tenantId, documentId)).contentType;
    return new Held(locks, contentType);
  }

  /** Runs `work` in a transaction of its own, with the document locked. @throws NotFound when it is gone */
  exclusively<T>(tenantId: string, documentId: string, work: () => Promise<T>): Promise<T> {
    // Tried once: what `work` did to a copy of the document is not undone with the transaction.
    return this.transactions.run({ propagation: 'requires_new', retries: 0 }, async () => {
      await this.documents.lock(tenantId, documentId);
      return work();
    });
  }
}
