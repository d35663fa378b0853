import type { JsonValue } from '../errors/index.js';
import { DotStore, type Entry } from './dot-store.js';
import { jsonOf, membersOf } from './foreign.js';
import { parseTimestamp } from './hybrid-logical-clock.js';
import { Replicated } from './replicated.js';

/** A value and the timestamp under which it was set. */
export type Timed = { value: JsonValue; time: string };

/**
 * One value. A `set` replaces what it has seen; of values set at the same time by replicas that knew nothing of each
 * other, the latest timestamp shows (`HybridLogicalClock`), and the others are kept until the next `set` sees them.
 *
 * "LWW-Register" and "MV-Register" in M. Shapiro and others, INRIA RR-7506, 2011.
 */
export class LWWRegister extends Replicated<Timed> {
  /** @throws InvalidInput as `DotStore.fromJSON` */
  static fromJSON(json: unknown): LWWRegister {
    return new LWWRegister(DotStore.fromJSON(json, timedOf));
  }

  get value(): JsonValue | undefined {
    return latest(this.store.entries())?.value;
  }

  /** @throws InvalidInput isReplica, isTimestamp, and what `assertStorable` refuses */
  set(replica: string, value: JsonValue, time: string): this {
    return this.write(replica, [...this.store.entries()], timedOf({ value, time }, 'register'));
  }
}

export function timedOf(json: unknown, field: string): Timed {
  const { value, time } = membersOf(json, field);
  return { value: jsonOf(value, `${field}.value`), time: timeOf(time, `${field}.time`) };
}

export function timeOf(time: unknown, field: string): string {
  parseTimestamp(time, field);
  return time as string;
}

/** The value with the greatest timestamp. One that was given twice is decided by replica and operation. */
export function latest<V extends { time: string }>(entries: Iterable<Entry<V>>): V | undefined {
  let best: Entry<V> | undefined;
  for (const entry of entries) if (!best || isLater(entry, best)) best = entry;
  return best?.value;
}

function isLater(a: Entry<{ time: string }>, b: Entry<{ time: string }>): boolean {
  if (a.value.time !== b.value.time) return a.value.time > b.value.time;
  return a.replica === b.replica ? a.birth > b.birth : a.replica > b.replica;
}
