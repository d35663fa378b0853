/**
 * Shares a read among the callers of one turn of the event loop. For what many concurrent calls need and none changes,
 * such as the workspace that all of them create tasks in: read from the cache by each it is an eighth of what a node
 * spends on creating a task. The value is shared as well, so its readers must not change it.
 */
export class Coalesced<T> {
  private readonly reads = new Map<string, Promise<T>>();

  get(key: string, read: () => Promise<T>): Promise<T> {
    const known = this.reads.get(key);
    if (known) return known;
    if (this.reads.size === 0) setImmediate(() => this.reads.clear());
    const reading = read();
    this.reads.set(key, reading);
    return reading;
  }

  /** After a change: who asks later in the same turn reads anew. */
  forget(): void {
    this.reads.clear();
  }
}
