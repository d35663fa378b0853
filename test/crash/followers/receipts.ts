import { createHash } from 'node:crypto';

/** What came of a feed. */
export class Receipts {
  /** What must not be: a gap, a repeat, an event that comes again as another. */
  readonly faults: string[] = [];
  /** Everything up to here has come. */
  last: number;
  /** Stands for each event that came, by its number. */
  private readonly marks = new Map<number, string>();

  /** @param first the number of the event after which they begin */
  constructor(readonly first = 0) {
    this.last = first;
  }

  /** Of a door that promises each event once, in order. @param text the event as JSON */
  take(seq: number, text: string): void {
    if (seq !== this.last + 1) this.faults.push(`${seq} came after ${this.last}`);
    this.keep(seq, text);
  }

  /** Of one that promises each at least once, and order among those that are new. */
  takeAgain(seq: number, text: string): void {
    if (seq > this.last) this.take(seq, text);
    else this.keep(seq, text);
  }

  /** Of one that promises no order. */
  keep(seq: number, text: string): void {
    const mark = markOf(text);
    if ((this.marks.get(seq) ?? mark) !== mark) this.faults.push(`${seq} came again as another`);
    this.marks.set(seq, mark);
    while (this.marks.has(this.last + 1)) this.last++;
  }

  /** The number of the first event of the other, which has all, that is not the same here; undefined when none is. */
  differsFrom(all: Receipts): number | undefined {
    for (let seq = this.first + 1; seq <= all.last; seq++) {
      if (this.marks.get(seq) !== all.marks.get(seq)) return seq;
    }
    return undefined;
  }
}

const markOf = (text: string): string => createHash('sha1').update(text).digest('base64url').slice(0, 12);
