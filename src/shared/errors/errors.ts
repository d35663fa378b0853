import { DomainError, type JsonObject } from './domain-error.js';

/** One refused field: where it stands (`tasks[3].title`), which rule refused it, and the rule in words. */
export interface Violation {
  field: string;
  rule: string;
  message: string;
}

export class InvalidInput extends DomainError {
  readonly kind = 'invalid';
  readonly code: string = 'invalid_input';

  constructor(
    readonly violations: readonly Violation[],
    message = violations.map((violation) => violation.message).join('; '),
  ) {
    super(message, { errors: violations.map((violation) => ({ ...violation })) });
  }

  static of(field: string, rule: string, message: string): InvalidInput {
    return new InvalidInput([{ field, rule, message }]);
  }
}

export class NotFound extends DomainError {
  readonly kind = 'not_found';
  readonly code = 'not_found';

  constructor(entity: string, id: string) {
    super(`There is no ${entity} ${id}.`, { entity, id });
  }
}

export class AlreadyExists extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'already_exists';

  constructor(entity: string, key: string, options?: { cause?: unknown }) {
    super(`This ${entity} exists already (${key}).`, { entity, key }, options);
  }
}

/** The row was changed by someone else since the caller read it. */
export class OptimisticLock extends DomainError {
  readonly kind = 'stale';
  readonly code = 'stale_version';

  constructor(entity: string, id: string, given: number | null, current: number | null, options?: { cause?: unknown }) {
    super(
      current === null
        ? `The ${entity} ${id} is being changed by others; read it again and repeat.`
        : `The ${entity} ${id} is at version ${current}, not ${given}; read it again and repeat.`,
      { entity, id, givenVersion: given, currentVersion: current },
      options,
    );
  }
}

export class LockAcquisitionFailed extends DomainError {
  readonly kind = 'locked';
  readonly code = 'locked';

  constructor(entity: string, id: string, holder: string | null, until: Date | null) {
    super(`The ${entity} ${id} is locked${holder ? ` by ${holder}` : ''}.`, {
      entity,
      id,
      holder,
      until: until?.toISOString() ?? null,
    });
  }
}

/** The transaction handle is not one of ours, belongs elsewhere, or has ended. */
export class InvalidTransaction extends DomainError {
  readonly kind = 'internal';
  readonly code = 'invalid_transaction';
}

/** The dependency failed too often; nothing is asked of it until `retryAfterSeconds` have passed. */
export class CircuitOpen extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'circuit_open';

  constructor(
    dependency: string,
    override readonly retryAfterSeconds: number,
  ) {
    super(`The ${dependency} is not answering; try again in ${retryAfterSeconds} s.`, { dependency });
  }
}

/** A dependency did not answer, or not in time. */
export class DependencyUnavailable extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'unavailable';
  override readonly retryAfterSeconds = 1;

  constructor(dependency: string, operation: string, options: { cause: unknown }) {
    super(`The ${dependency} did not answer (${operation}).`, { dependency }, options);
  }
}

/** Anything unforeseen, wrapped with the operation it happened in. The cause goes to the log, not to the caller. */
export class OperationFailed extends DomainError {
  readonly kind = 'internal';
  readonly code = 'internal';

  constructor(
    readonly operation: string,
    options: { cause: unknown },
  ) {
    super(`${operation} failed.`, {}, options);
  }
}

/** Two statements of one transaction met another transaction's; the whole must be run again. */
export class SerializationConflict extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'serialization_conflict';
  override readonly retryAfterSeconds = 1;

  constructor(operation: string, options: { cause: unknown }) {
    super(`${operation} met a concurrent change; repeat it.`, {}, options);
  }
}

export class Conflict extends DomainError {
  readonly kind = 'conflict';

  constructor(
    readonly code: string,
    message: string,
    details: JsonObject = {},
  ) {
    super(message, details);
  }
}
