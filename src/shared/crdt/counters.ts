import { CounterOverflow } from './crdt.errors.js';
import { DotStore, type Entry } from './dot-store.js';
import { wholeOf } from './foreign.js';
import { Replicated } from './replicated.js';

/**
 * A sum of what each replica has counted. Each keeps one running total, and its newer total replaces its older one.
 *
 * M. Shapiro, N. Preguiça, C. Baquero, M. Zawirski, "A Comprehensive Study of Convergent and Commutative Replicated Data
 * Types", INRIA RR-7506, 2011.
 */
abstract class Counter extends Replicated<number> {
  get value(): number {
    return sumOf(this.store.entries());
  }

  protected count(replica: string, by: number): this {
    const own = [...this.store.entries()].find((entry) => entry.replica === replica);
    return this.revise(replica, own, counted(this.value, own?.value, by));
  }
}

/** Only grows: increments of 1 or more. */
export class GCounter extends Counter {
  /** @throws InvalidInput as `DotStore.fromJSON` */
  static fromJSON(json: unknown): GCounter {
    return new GCounter(DotStore.fromJSON(json, (value, field) => wholeOf(value, field, 1)));
  }

  /** @throws InvalidInput isReplica, isWhole; CounterOverflow */
  increment(replica: string, by = 1): this {
    return this.count(replica, wholeOf(by, 'by', 1));
  }
}

/** Goes up and down. A net total a replica is enough, as the newer one decides and not the greater. */
export class PNCounter extends Counter {
  /** @throws InvalidInput as `DotStore.fromJSON` */
  static fromJSON(json: unknown): PNCounter {
    return new PNCounter(DotStore.fromJSON(json, (value, field) => wholeOf(value, field, Number.MIN_SAFE_INTEGER)));
  }

  /** @throws InvalidInput isReplica, isWhole; CounterOverflow */
  increment(replica: string, by = 1): this {
    return this.count(replica, wholeOf(by, 'by', 1));
  }

  /** @throws InvalidInput isReplica, isWhole; CounterOverflow */
  decrement(replica: string, by = 1): this {
    return this.count(replica, -wholeOf(by, 'by', 1));
  }
}

/** In the order of replicas: beyond 2^53 the order of additions would tell. */
export function sumOf(totals: Iterable<Entry<number>>): number {
  const sorted = [...totals].sort((a, b) =>
    a.replica < b.replica ? -1 : a.replica > b.replica ? 1 : a.birth - b.birth,
  );
  return sorted.reduce((sum, { value }) => sum + value, 0);
}

/** The replica's new total. @throws CounterOverflow when it, or the sum of all, would not be exact */
export function counted(sum: number, own = 0, by: number): number {
  if (!Number.isSafeInteger(sum + by) || !Number.isSafeInteger(own + by)) throw new CounterOverflow();
  return own + by;
}
