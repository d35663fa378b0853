import { InvalidInput } from '../errors/index.js';
import { ClockTooFarAhead } from './crdt.errors.js';
import { replicaOf } from './foreign.js';

const TIMESTAMP = /^([0-9a-f]{12})-([0-9a-f]{4})-(.+)$/s;
const MAX_COUNTER = 0xffff;

/**
 * Timestamps near the time of day that never contradict what a replica has seen: each is greater than all that it gave
 * or received before. Between two that know nothing of each other the time decides, then the counter, then the name of
 * the replica.
 *
 * A timestamp is text, `milliseconds-counter-replica` with 12 and 4 hexadecimal digits: `0193f2a41c00-0002-ada`. Order
 * by code units (`<`, or `COLLATE "C"`) is its order. A full counter carries into the milliseconds.
 *
 * S. Kulkarni, M. Demirbas, D. Madeppa, B. Avva, M. Leone, "Logical Physical Clocks", OPODIS 2014.
 */
export class HybridLogicalClock {
  private millis = 0;
  private counter = 0;
  private readonly maxAheadMs: number;
  private readonly time: () => number;

  /**
   * @param options.maxAheadMs how far a received timestamp may be ahead of the time here; a minute
   * @param options.time milliseconds since 1970
   * @throws InvalidInput isReplica
   */
  constructor(
    private readonly replica: string,
    options: { maxAheadMs?: number; time?: () => number } = {},
  ) {
    replicaOf(replica, 'replica');
    this.maxAheadMs = options.maxAheadMs ?? 60_000;
    this.time = options.time ?? Date.now;
  }

  /** A timestamp for something that happens here. */
  now(): string {
    const time = Math.floor(this.time());
    if (time > this.millis) return this.moveTo(time, 0);
    return this.moveTo(this.millis, this.counter + 1);
  }

  /**
   * A timestamp for the receipt of another, greater than it. A refused one leaves the clock as it was.
   * @throws InvalidInput isTimestamp; ClockTooFarAhead
   */
  receive(timestamp: string): string {
    const { millis, counter } = parseTimestamp(timestamp, 'time');
    const time = Math.floor(this.time());
    if (millis - time > this.maxAheadMs) throw new ClockTooFarAhead(millis - time, this.maxAheadMs);

    const latest = Math.max(time, this.millis, millis);
    const counters = [
      ...(latest === this.millis ? [this.counter + 1] : []),
      ...(latest === millis ? [counter + 1] : []),
    ];
    return this.moveTo(latest, Math.max(0, ...counters));
  }

  private moveTo(millis: number, counter: number): string {
    [this.millis, this.counter] = counter > MAX_COUNTER ? [millis + 1, 0] : [millis, counter];
    return `${hex(this.millis, 12)}-${hex(this.counter, 4)}-${this.replica}`;
  }
}

/** @throws InvalidInput isTimestamp, isReplica */
export function parseTimestamp(value: unknown, field: string): { millis: number; counter: number; replica: string } {
  const [, millis, counter, replica] = (typeof value === 'string' && TIMESTAMP.exec(value)) || [];
  if (millis === undefined || counter === undefined) {
    throw InvalidInput.of(field, 'isTimestamp', `${field} must be a timestamp such as 0193f2a41c00-0002-ada`);
  }
  return { millis: parseInt(millis, 16), counter: parseInt(counter, 16), replica: replicaOf(replica, field) };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
