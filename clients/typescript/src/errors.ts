/** What is wrong with one field of what was asked. */
export interface FieldError {
  /** `tasks[2].priority` */
  field: string;
  /** The rule it broke: `isIn`. */
  rule: string;
  message: string;
}

/** RFC 9457, with what belongs to its code. */
export type Problem = Readonly<Record<string, unknown>>;

/** The server refused. Decide by `code`, which is stable. */
export class MusterError extends Error {
  readonly code: string;
  readonly detail: string;
  /** Filled when the input was refused. */
  readonly fields: readonly FieldError[];

  constructor(
    readonly status: number,
    readonly problem: Problem,
    readonly retryAfterSeconds?: number,
  ) {
    const detail = typeof problem.detail === 'string' ? problem.detail : `The server answered ${status}.`;
    super(detail);
    this.name = 'MusterError';
    this.detail = detail;
    this.code = typeof problem.code === 'string' ? problem.code : `http_${status}`;
    this.fields = Array.isArray(problem.errors) ? (problem.errors as FieldError[]) : [];
  }
}

/** Nothing answers at the address, or not in time. `sent`: the request may have reached the server all the same. */
export class Unreachable extends Error {
  readonly code = 'unreachable';

  constructor(
    readonly url: string,
    readonly sent: boolean,
    cause: unknown,
  ) {
    super(`No server answers at ${url} (${reasonOf(cause)}).`, { cause });
    this.name = 'Unreachable';
  }
}

/** What the client was given makes no sense, so nothing was asked. */
export class InvalidOption extends Error {
  readonly code = 'invalid_option';

  constructor(
    readonly field: string,
    readonly rule: string,
  ) {
    super(`${field} must be ${rule}.`);
    this.name = 'InvalidOption';
  }
}

interface Cause {
  code?: unknown;
  name?: unknown;
  message?: unknown;
  cause?: unknown;
}

/** `fetch failed` alone helps nobody; its cause is what happened. */
export function reasonOf(error: unknown): string {
  let reason = String(error);
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = (cause as Cause).cause) {
    const { code, name, message } = cause as Cause;
    if (typeof code === 'string') return code;
    if (name === 'TimeoutError') return 'no answer in time';
    reason = String(message);
  }
  return reason;
}
