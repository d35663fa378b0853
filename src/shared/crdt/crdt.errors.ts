import { DomainError } from '../errors/index.js';

/** The path leads through a register, a counter or a set, which have no members. */
export class PathThroughValue extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'path_through_value';

  constructor(path: string, at: string, found: string) {
    super(`${path} leads through ${at}, which is a ${found}; delete that first.`, { path, at, found });
  }
}

/** A path keeps its kind until it is deleted: a set cannot be incremented, a counter has no elements. */
export class WrongKind extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'wrong_kind';

  constructor(path: string, found: string, wanted: string) {
    super(`${path} is a ${found}, not a ${wanted}; delete it first.`, { path, found, wanted });
  }
}

/** A counter would leave the whole numbers that a double holds exactly (±2^53 − 1). */
export class CounterOverflow extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'counter_overflow';

  constructor() {
    super(`A counter goes no further than ±${Number.MAX_SAFE_INTEGER}.`);
  }
}

/** What came claims operations of other replicas that are not known here: made up, or theirs must come first. */
export class ClockFromNowhere extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'clock_from_nowhere';

  constructor(
    sender: string,
    readonly replicas: readonly string[],
  ) {
    super(`What ${sender} sent names operations that are not known here, of: ${replicas.join(', ')}.`, {
      sender,
      replicas: [...replicas],
    });
  }
}

/** A timestamp is further ahead of this machine's time than the clock allows. */
export class ClockTooFarAhead extends DomainError {
  readonly kind = 'unprocessable';
  readonly code = 'clock_too_far_ahead';

  constructor(aheadMs: number, maxAheadMs: number) {
    super(`The timestamp is ${aheadMs} ms ahead; at most ${maxAheadMs} ms are taken.`, { aheadMs, maxAheadMs });
  }
}
