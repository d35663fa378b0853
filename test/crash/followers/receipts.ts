import { createHash } from 'node:crypto';

/** What came of a feed, one event after the other. Equal chains mean equal events in equal order. */
export class Receipts {
  /** What must not be: a gap, a repeat. */
  readonly faults: string[] = [];
  /** One link for each number: it stands for the event and for all before it. */
  private readonly chain = [''];

  get last(): number {
    return this.chain.length - 1;
  }

  /** @param text the event as JSON */
  take(seq: number, text: string): void {
    if (seq !== this.last + 1) this.faults.push(`${seq} came after ${this.last}`);
    if (seq <= this.last) return;
    const link = createHash('sha1').update(this.chain.at(-1) ?? '').update(text); // prettier-ignore
    this.chain[seq] = link.digest('base64url').slice(0, 12);
  }

  /** Where this one first differs from the other, up to the other's end; undefined when it has all of it. */
  differsAt(other: Receipts): number | undefined {
    const at = other.chain.findIndex((link, seq) => this.chain[seq] !== link);
    return at < 0 ? undefined : at;
  }
}
