import { Injectable } from '@nestjs/common';
import { Transactions } from '../../shared/database/index.js';
import { Wakeups } from '../../shared/events/index.js';
import type { SharedDocument } from '../document.entity.js';
import { Deadlock } from '../documents.errors.js';
import { DocumentsRepository } from '../documents.repository.js';
import { exclude, waitsForHimself } from './exclusion.js';
import type { DocumentLock, LockWait } from './lock.js';
import { DocumentLocksRepository } from './locks.repository.js';

/** A waiter looks at least so often: locks that expire wake nobody. */
const LOOK_MS = 1_000;

const topicOf = (documentId: string): string => `lock ${documentId}`;

/** Those who wait for locks, on every node: first come, first served, and nobody waits for himself. */
@Injectable()
export class LockQueue {
  constructor(
    private readonly locks: DocumentLocksRepository,
    private readonly documents: DocumentsRepository,
    private readonly wakeups: Wakeups,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Tries again whenever a lock of the document has ended. Undefined when the time is over, `signal` fired, or the node
   * shuts down.
   * @throws Deadlock, and what `take` throws
   */
  async until<Refusal>(
    tenantId: string,
    wait: LockWait,
    ms: number,
    take: () => Promise<DocumentLock | Refusal>,
    signal?: AbortSignal,
  ): Promise<DocumentLock | Refusal> {
    const deadline = performance.now() + ms;
    using watch = this.wakeups.watchTopic(tenantId, topicOf(wait.documentId));
    try {
      for (;;) {
        await this.locks.wait(tenantId, wait);
        await this.assertNoCircle(tenantId, wait);
        const outcome = await take();
        const left = deadline - performance.now();
        const isTaken = typeof outcome === 'object' && outcome !== null && 'token' in outcome;
        if (isTaken || left <= 0 || signal?.aborted || this.wakeups.stopping) return outcome;
        await watch.wait(Math.min(left, LOOK_MS), signal);
        // Nobody is there any more to be given it.
        if (signal?.aborted) return outcome;
      }
    } finally {
      await this.locks.leave(tenantId, wait.documentId, wait.id);
      await this.moved(tenantId, wait.documentId);
    }
  }

  /** After the commit: a lock has ended, or somebody left the queue. */
  moved(tenantId: string, documentId: string): Promise<void> {
    return this.transactions.afterCommit(() => {
      this.wakeups.announce(tenantId, topicOf(documentId));
    });
  }

  /** Of those in a circle the one who came last gives up. */
  private async assertNoCircle(tenantId: string, self: LockWait): Promise<void> {
    const { waits, locks } = await this.locks.knots(tenantId);
    const earlier = waits.slice(0, waits.findIndex(({ id }) => id === self.id) + 1);
    const documents = new Map<string, SharedDocument>();
    // Only sections ask for the text they are in.
    const divided = earlier.filter(({ section }) => section !== null).map(({ documentId }) => documentId);
    for (const documentId of new Set(divided)) {
      const document = await this.documents.find(tenantId, documentId);
      if (document) documents.set(documentId, document);
    }
    const isStuck = waitsForHimself({ waits: earlier, locks }, (waiter, other) => {
      return exclude(documents.get(waiter.documentId), waiter, other);
    });
    if (isStuck) throw new Deadlock(self.documentId);
  }
}
