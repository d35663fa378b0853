import { assertStorable, type JsonValue } from '../errors/index.js';
import { DotStore, groupedBy } from './dot-store.js';
import { membersOf, textOf } from './foreign.js';
import { latest, type Timed, timedOf } from './lww-register.js';
import { Replicated } from './replicated.js';

type Member = Timed & { key: string };

/**
 * Values by key. A `set` replaces what it has seen of its key and a `delete` takes it away for good; of values set at
 * the same time, the latest timestamp shows. A `set` that a `delete` has not seen stays.
 *
 * The map of registers of P. S. Almeida, A. Shoker, C. Baquero, "Delta State Replicated Data Types", 2018.
 */
export class LWWMap extends Replicated<Member> {
  /** @throws InvalidInput as `DotStore.fromJSON` */
  static fromJSON(json: unknown): LWWMap {
    return new LWWMap(DotStore.fromJSON(json, memberOf));
  }

  get(key: string): JsonValue | undefined {
    return latest(this.entriesOf(key))?.value;
  }

  /** Keys in order, with their values. */
  entries(): [key: string, value: JsonValue][] {
    const byKey = groupedBy(this.store.entries(), ({ value }) => value.key);
    return [...byKey]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, entries]) => {
        const shown = latest(entries);
        return shown ? [[key, shown.value]] : [];
      });
  }

  /** @throws InvalidInput isReplica, isTimestamp, and what `assertStorable` refuses */
  set(replica: string, key: string, value: JsonValue, time: string): this {
    return this.write(replica, this.entriesOf(key), memberOf({ key, value, time }, 'member'));
  }

  /** @throws InvalidInput isReplica */
  delete(replica: string, key: string): this {
    return this.write(replica, this.entriesOf(key));
  }

  private entriesOf(key: string) {
    return [...this.store.entries()].filter(({ value }) => value.key === key);
  }
}

function memberOf(json: unknown, field: string): Member {
  const key = textOf(membersOf(json, field).key, `${field}.key`);
  assertStorable(key, `${field}.key`);
  return { key, ...timedOf(json, field) };
}
