import { Injectable } from '@nestjs/common';
import { Transactions } from '../shared/database/index.js';
import { Wakeups } from '../shared/events/index.js';

const CHANGED = 'webhooks';
const DUE = 'webhook-deliveries';

/** Tells every node that endpoints changed, or that there is something to send. It may get lost. */
@Injectable()
export class WebhookNews {
  private readonly changeListeners = new Set<() => void>();
  private readonly dueListeners = new Set<() => void>();

  constructor(
    private readonly transactions: Transactions,
    private readonly wakeups: Wakeups,
  ) {
    wakeups.onAnnouncedElsewhere(CHANGED, () => this.tellChange());
    wakeups.onAnnouncedElsewhere(DUE, () => this.tellDue());
    wakeups.onReconnect(() => this.tellChange());
  }

  onChange(listener: () => void): void {
    this.changeListeners.add(listener);
  }

  onDue(listener: () => void): void {
    this.dueListeners.add(listener);
  }

  /** After the commit. One that was enabled may have something pending. */
  changed(tenantId: string): Promise<void> {
    return this.transactions.afterCommit(() => {
      this.tellChange();
      this.wakeups.announce(tenantId, CHANGED);
    });
  }

  /** After the commit. */
  due(tenantId: string): Promise<void> {
    return this.transactions.afterCommit(() => {
      this.tellDue();
      this.wakeups.announce(tenantId, DUE);
    });
  }

  private tellChange(): void {
    for (const listener of this.changeListeners) listener();
    this.tellDue();
  }

  private tellDue(): void {
    for (const listener of this.dueListeners) listener();
  }
}
