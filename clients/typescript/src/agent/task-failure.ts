import { MusterError } from '../errors.js';
import type { Failure } from '../methods.js';

const DEFAULT_CODE = 'handler_failed';
const MAX_CODE = 100;
const MAX_MESSAGE = 10_000;

/** What a handler throws to say how the attempt failed. Any other error counts as `handler_failed` and may be retried. */
export class TaskFailure extends Error {
  /** False when another attempt would fail as well: the task has then failed for good. */
  readonly retryable: boolean;

  /** @param code a stable word for the kind of failure, 1 to 100 characters */
  constructor(
    readonly code: string,
    message: string,
    { retryable = true, cause }: { retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.name = 'TaskFailure';
    this.retryable = retryable;
  }
}

/** What is told of an error that a handler threw, cut to what a task keeps. */
export function failureOf(error: unknown): Failure {
  const code = error instanceof TaskFailure || error instanceof MusterError ? error.code : DEFAULT_CODE;
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: storable(code, MAX_CODE) || DEFAULT_CODE,
    message: storable(message, MAX_MESSAGE),
    retryable: error instanceof TaskFailure ? error.retryable : true,
  };
}

/** PostgreSQL keeps neither NUL nor half a surrogate pair, which cutting may leave as well. */
const storable = (text: string, length: number): string =>
  text.slice(0, length).toWellFormed().replaceAll('\0', '\uFFFD');
