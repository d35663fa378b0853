import type { JsonValue } from '../errors/index.js';
import { CausalContext } from './causal-context.js';
import { DotStore, type Entry, type StoreJson } from './dot-store.js';
import { replicaOf } from './foreign.js';
import type { VectorClock } from './vector-clock.js';

/**
 * A state that replicas change on their own and merge in any order, any number of times. A change answers its delta, a
 * state of the same type that holds this change only; replicas that merged the same changes, by whatever deltas and
 * states, are equal. No two copies that change may have the same replica's name.
 */
export abstract class Replicated<V extends JsonValue> {
  constructor(protected readonly store = new DotStore<V>()) {}

  /** The operations of each replica that are known without a gap. */
  get clock(): VectorClock {
    return this.store.context.clock();
  }

  /** @throws InvalidInput maxReplicas, with nothing changed */
  merge(other: this): void {
    this.store.merge(other.store);
  }

  /** What a replica lacks whose clock is `since`. To merge it there does the same as to merge all of this. */
  delta(since: VectorClock): this {
    return this.over(this.store.delta(since));
  }

  /** Equal states have equal texts. */
  toJSON(): StoreJson {
    return this.store.toJSON((value) => value);
  }

  /** The next operation of `replica`: takes `gone` away, and brings `value` unless it is undefined. */
  protected write(replica: string, gone: readonly Entry<V>[], value?: V): this {
    const counter = this.store.next(replicaOf(replica, 'replica'));
    const added = value === undefined ? [] : [{ replica, birth: counter, at: counter, value }];
    return this.take(new DotStore(added, CausalContext.of([{ replica, counter }, ...gone.map(birthOf)])));
  }

  /** The next operation of the replica that made `entry`, or of one that begins it at `value`. */
  protected revise(replica: string, entry: Entry<V> | undefined, value: V): this {
    const at = this.store.next(replicaOf(replica, 'replica'));
    return this.take(new DotStore([{ replica, birth: entry?.birth ?? at, at, value }]));
  }

  private take(delta: DotStore<V>): this {
    this.store.merge(delta);
    return this.over(delta);
  }

  private over(store: DotStore<V>): this {
    const Type = this.constructor as new (store: DotStore<V>) => this;
    return new Type(store);
  }
}

export const birthOf = ({ replica, birth }: Entry<unknown>) => ({ replica, counter: birth });
