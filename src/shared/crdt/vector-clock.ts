import { assertFewReplicas, byReplica, replicaOf, wholeOf } from './foreign.js';
import { CounterOverflow } from './crdt.errors.js';

export type Order = 'equal' | 'before' | 'after' | 'concurrent';

/**
 * How many operations of each replica are known. A replica that is not named counts 0. Never changed in place.
 *
 * C. Fidge, "Timestamps in Message-Passing Systems That Preserve the Partial Ordering", 1988; F. Mattern, "Virtual Time
 * and Global States of Distributed Systems", 1989.
 */
export class VectorClock {
  private readonly counters: ReadonlyMap<string, number>;

  /** @throws InvalidInput maxReplicas */
  constructor(counters: Iterable<readonly [replica: string, counter: number]> = []) {
    this.counters = new Map([...counters].filter(([, counter]) => counter > 0));
    assertFewReplicas(this.counters.size, 'clock');
  }

  /**
   * Reads `{"ada": 3, "bob": 1}`: at most 1,000 replicas, names of 1 to 128 printable characters, whole numbers from 0.
   * @throws InvalidInput isObject, maxReplicas, isReplica, isWhole
   */
  static fromJSON(value: unknown, field = 'clock'): VectorClock {
    return new VectorClock(byReplica(value, field, (counter, place) => wholeOf(counter, place, 0)));
  }

  get(replica: string): number {
    return this.counters.get(replica) ?? 0;
  }

  /** @throws InvalidInput isReplica, maxReplicas; CounterOverflow */
  increment(replica: string): VectorClock {
    const counter = this.get(replica) + 1;
    if (!Number.isSafeInteger(counter)) throw new CounterOverflow();
    return new VectorClock([...this.counters, [replicaOf(replica, 'replica'), counter]]);
  }

  /** The greater counter of each replica. @throws InvalidInput maxReplicas */
  merge(other: VectorClock): VectorClock {
    const names = new Set([...this.counters.keys(), ...other.counters.keys()]);
    return new VectorClock([...names].map((name) => [name, Math.max(this.get(name), other.get(name))]));
  }

  /** How this clock stands to the other: `before` when the other knows all that this one does, and more. */
  compare(other: VectorClock): Order {
    const [more, less] = [this.exceeds(other), other.exceeds(this)];
    if (more) return less ? 'concurrent' : 'after';
    return less ? 'before' : 'equal';
  }

  /** Replicas in the order of their names, so that equal clocks have equal texts. */
  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.counters].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private exceeds(other: VectorClock): boolean {
    for (const [replica, counter] of this.counters) if (counter > other.get(replica)) return true;
    return false;
  }
}
