import { DotStore } from './dot-store.js';
import { type Scalar, scalarOf } from './foreign.js';
import { Replicated } from './replicated.js';

/**
 * A set of strings, numbers, booleans and null. A removal takes away the additions it has seen, and these stay away
 * whatever is merged later; an addition that it has not seen stays.
 *
 * A. Bieniusa and others, "An Optimized Conflict-free Replicated Set", INRIA RR-8083, 2012: no tombstones.
 */
export class ORSet extends Replicated<Scalar> {
  /** @throws InvalidInput as `DotStore.fromJSON`, and isScalar */
  static fromJSON(json: unknown): ORSet {
    return new ORSet(DotStore.fromJSON(json, scalarOf));
  }

  /** In the order of their JSON texts. */
  get elements(): Scalar[] {
    return elementsOf([...this.store.entries()].map(({ value }) => value));
  }

  has(element: Scalar): boolean {
    return this.additionsOf(element).length > 0;
  }

  /** @throws InvalidInput isReplica, isScalar, and what `assertStorable` refuses */
  add(replica: string, element: Scalar): this {
    return this.write(replica, this.additionsOf(element), scalarOf(element, 'element'));
  }

  /** @throws InvalidInput isReplica */
  remove(replica: string, element: Scalar): this {
    return this.write(replica, this.additionsOf(element));
  }

  private additionsOf(element: Scalar) {
    return [...this.store.entries()].filter(({ value }) => value === element);
  }
}

/** Each element once, in the order of their JSON texts. */
export function elementsOf(values: readonly Scalar[]): Scalar[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
}
