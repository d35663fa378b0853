import type { HistoryEvent } from './history-line.js';
import type { Violations } from './rules.js';

interface Place {
  sequence: number;
  time: string;
}

/**
 * The numbers and times of feeds. Several records may hold the same feed, each from where it began to read: every one
 * must be without a gap, and an event that two of them hold is one event.
 */
export class FeedOrder {
  private readonly places = new Map<string, Place>();
  private readonly newest = new Map<string, number>();
  private readonly floors = new Map<string, number>();

  constructor(private readonly violations: Violations) {}

  /** A record of the feed begins after this number: retention dropped what was before. */
  begin(recorder: string, feed: string, after: number): void {
    this.places.set(`${recorder} ${feed}`, { sequence: after, time: '' });
    this.floors.set(feed, Math.min(this.floors.get(feed) ?? after, after));
  }

  /** Whether the event was not seen before. */
  see(recorder: string, { feed, sequence, time }: HistoryEvent): boolean {
    const key = `${recorder} ${feed}`;
    const place = this.places.get(key) ?? { sequence: 0, time: '' };
    if (sequence !== place.sequence + 1) {
      this.violations.add({ rule: 'sequence_gap', feed, sequence, detail: `${sequence} follows ${place.sequence}` });
    }
    if (time < place.time) {
      this.violations.add({ rule: 'time_backwards', feed, sequence, detail: `${time} follows ${place.time}` });
    }
    this.places.set(key, { sequence, time });
    if (sequence <= (this.newest.get(feed) ?? 0)) return false;
    this.newest.set(feed, sequence);
    return true;
  }

  /** Whether everything that happened in the feed is known, from its first event. */
  isWhole(feed: string): boolean {
    return this.newest.has(feed) && (this.floors.get(feed) ?? 0) === 0;
  }
}
