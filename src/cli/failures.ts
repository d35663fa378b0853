import type { JsonObject } from '../shared/errors/index.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** The command line asks for something that makes no sense. */
export class UsageError extends Error {
  readonly exitCode = EXIT.usage;
  readonly code = 'usage';
}

/** The server refused. `problem` is its answer (RFC 9457): `detail`, `code`, and what belongs to the code. */
export class ApiError extends Error {
  readonly exitCode = EXIT.failed;
  readonly code: string;
  readonly detail: string;

  constructor(
    readonly status: number,
    readonly problem: JsonObject,
    readonly retryAfterSeconds?: number,
  ) {
    const detail = typeof problem.detail === 'string' ? problem.detail : `The server answered ${status}.`;
    super(detail);
    this.code = typeof problem.code === 'string' ? problem.code : `http_${status}`;
    this.detail = detail;
  }
}

/** Nothing answers at the address, or not in time. `sent`: the request may have reached the server all the same. */
export class Unreachable extends Error {
  readonly exitCode = EXIT.unreachable;
  readonly code = 'unreachable';

  constructor(
    readonly url: string,
    readonly sent: boolean,
    cause: unknown,
  ) {
    super(`No server answers at ${url} (${reasonOf(cause)}). Is it running? Start one with: muster start`, { cause });
  }
}

/** A file that cannot be imported: every bad line up to a limit, and nothing was created. */
export class InvalidFile extends Error {
  readonly exitCode = EXIT.failed;
  readonly code = 'invalid_file';

  constructor(
    file: string,
    readonly lines: readonly { line: number; message: string }[],
  ) {
    const told = lines.map(({ line, message }) => `line ${line}: ${message}`);
    super(`${file} cannot be imported, nothing was created: ${told.join('; ')}`);
  }
}

/** A history that cannot be judged: it is not what the format says, or somebody's record is not whole. */
export class InvalidHistory extends Error {
  readonly exitCode = EXIT.failed;
  readonly code = 'invalid_history';
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

export interface Failure {
  exitCode: ExitCode;
  /** For `--json`. */
  document: { error: JsonObject };
  /** For people. */
  text: string;
}

/** Any thrown value as what the command line answers. An unforeseen one keeps its stack: it is a defect to report. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return apiFailure(error);
  if (error instanceof InvalidFile) {
    const lines = error.lines.map(({ line, message }) => `  line ${line}: ${message}`);
    const text = ['The file cannot be imported; nothing was created.', ...lines].join('\n');
    return failure(error.exitCode, { code: error.code, detail: error.message, lines: [...error.lines] }, text);
  }
  if (error instanceof UsageError || error instanceof Unreachable || error instanceof InvalidHistory) {
    return failure(error.exitCode, { code: error.code, detail: error.message });
  }
  return localFailure(error);
}

function apiFailure({ status, code, detail, problem }: ApiError): Failure {
  const members = Object.entries(problem).filter(([key]) => !SHOWN_ELSEWHERE.has(key));
  const fields = members.map(
    ([key, value]) => `\n  ${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return failure(EXIT.failed, { ...problem, status, code, detail }, `${detail} [${code}]${fields.join('')}`);
}
const SHOWN_ELSEWHERE = new Set(['type', 'title', 'status', 'detail', 'code']);

/** Errors of commands that work on the database themselves. */
function localFailure(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const { kind, code, details } = error as { kind?: unknown; code?: unknown; details?: JsonObject };
  if (typeof kind === 'string' && typeof code === 'string') {
    return failure(exitOf(kind, code), { ...details, code, detail: message }, `${message} [${code}]`);
  }
  if (typeof code === 'string' && UNREACHABLE.has(code)) {
    return failure(EXIT.unreachable, { code: 'unreachable', detail: `The database does not answer (${code}).` });
  }
  if (typeof code === 'string') return failure(EXIT.failed, { code, detail: message }, `${message} [${code}]`);
  return failure(EXIT.failed, { code: 'internal', detail: message }, stack ?? message);
}
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EHOSTUNREACH', '57P03']);

function exitOf(kind: string, code: string): ExitCode {
  if (code === 'invalid_configuration') return EXIT.usage;
  return kind === 'unavailable' && (code === 'unavailable' || code === 'circuit_open') ? EXIT.unreachable : EXIT.failed;
}

const failure = (exitCode: ExitCode, error: JsonObject, text = String(error.detail)): Failure => ({
  exitCode,
  document: { error },
  text,
});
