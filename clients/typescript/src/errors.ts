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

/**
 * Muster does not answer at the address: nothing does, or not in time, or something else such as a proxy whose server is
 * gone. `sent`: the request may have reached the server all the same.
 */
export class Unreachable extends Error {
  readonly code = 'unreachable';

  constructor(
    readonly url: string,
    readonly sent: boolean,
    cause: unknown,
  ) {
    super(`Muster does not answer at ${url} (${reasonOf(cause)}).`, { cause });
    this.name = 'Unreachable';
  }
}

/**
 * Nothing is decided yet: no answer, a limit, a breaker, a first try that still runs, a request that did not arrive whole,
 * a server that failed.
 */
export function isPassing(error: unknown): error is MusterError | Unreachable {
  if (!(error instanceof MusterError)) return error instanceof Unreachable;
  const { status, retryAfterSeconds } = error;
  return status >= 500 || status === 408 || status === 429 || retryAfterSeconds !== undefined;
}

/** When the server asks to come back; 0 where it does not say. */
export const retryAfterMs = (error: unknown): number =>
  error instanceof MusterError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;

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
