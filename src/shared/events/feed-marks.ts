/** Feeds remembered at most; the one noted longest ago is forgotten first. */
const FEEDS_KEPT = 10_000;

interface Mark {
  seq: number;
  time: Date;
}

/**
 * Remembers for each feed one event that was read, the newest. As time never runs against the number, whatever comes
 * after it is no older, so a reader at the end of a feed asks the newest partitions only: with a bound the planner
 * leaves out the others, each of which would be looked into twice.
 */
export class FeedMarks {
  private readonly marks = new Map<string, Mark>();

  note(feedId: string, seq: number, time: Date): void {
    const known = this.marks.get(feedId);
    if (known && known.seq >= seq) return;
    this.marks.delete(feedId);
    this.marks.set(feedId, { seq, time });
    if (this.marks.size > FEEDS_KEPT) this.marks.delete(this.marks.keys().next().value ?? feedId);
  }

  forget(feedId: string): void {
    this.marks.delete(feedId);
  }

  /** A time that no event after `after` is older than, if one is known. */
  since(feedId: string, after: number | undefined): Date | undefined {
    const mark = this.marks.get(feedId);
    return mark && after !== undefined && after >= mark.seq ? mark.time : undefined;
  }
}
