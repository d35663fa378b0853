import type { Entry, Outbox } from '../outbox/outbox.js';

/**
 * What gave leases: a claim, or a completion that claimed the next. It is kept until the last of them has ended, so that
 * an agent that was killed asks again, is answered alike, and goes on with what it holds.
 */
export class Source {
  private open = 0;

  constructor(
    private readonly entry: Entry,
    private readonly outbox: Outbox,
  ) {}

  /** Another lease that it gave. */
  opened(): void {
    this.open += 1;
  }

  async ended(): Promise<void> {
    this.open -= 1;
    if (this.open === 0) await this.outbox.remove(this.entry);
  }
}
