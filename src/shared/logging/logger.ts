import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino';
import { logContext } from './log-context.js';

export type { Logger } from 'pino';
export type LogLevel = LevelWithSilent;

export interface LoggingOptions {
  level: LogLevel;
  /** Where the lines go; standard output when left out. */
  destination?: DestinationStream;
}

/** Deepest chain of causes that is written; a longer one is a cycle or a mistake. */
const MAX_CAUSES = 8;

/**
 * Credentials that could stand inside a text: our API keys, bearer tokens, passwords in connection URLs and tokens in
 * query strings. The first group stays, what follows it goes.
 */
const SECRETS = /(mst_|[Bb]earer |:\/\/[^:/@\s"]*:(?=[^/@\s"]*@)|[?&](?:token|access_token|api_key)=)[^\s"@&\\]+/g;

export const scrub = (line: string): string => line.replace(SECRETS, '$1[redacted]');

/** One JSON line an event: time, level, msg, the keys of the running work (see `logContext`) and the line's own. */
export function createLogger({ level, destination }: LoggingOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => logContext.keys(),
    serializers: { err: describeError },
    redact: {
      paths: ['authorization', 'cookie', 'password', 'token', 'apiKey', 'headers.authorization', 'headers.cookie'],
      censor: '[redacted]',
    },
    hooks: { streamWrite: scrub },
  };
  return destination ? pino(options, destination) : pino(options);
}

interface ErrorRecord {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: ErrorRecord;
  errors?: ErrorRecord[];
}

/**
 * An error and its causes. Other members are left out on purpose: database drivers hang the statement's values on
 * theirs, and those are the tenants' data.
 */
export function describeError(error: unknown, depth = 0): ErrorRecord {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };

  const { code, cause } = error as Error & { code?: unknown };
  const more = depth < MAX_CAUSES;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    stack: error.stack,
    ...(more && cause !== undefined && { cause: describeError(cause, depth + 1) }),
    ...(more &&
      error instanceof AggregateError && {
        errors: error.errors.slice(0, 10).map((one) => describeError(one, depth + 1)),
      }),
  };
}
