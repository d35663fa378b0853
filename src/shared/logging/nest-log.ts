import type { LoggerService } from '@nestjs/common';
import type { Logger } from 'pino';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Nest tells at `log` about every module, controller and route it wires, a few hundred lines a start. */
const WIRING = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);

/**
 * Nest's `Logger` written by pino: `NestFactory.create(…, { logger: new NestLog(createLogger(options)) })`. Everyone
 * else keeps a `new Logger('cache')` of Nest, named by a noun, and gives an object with fixed keys and a `msg`, or an
 * Error: `log.warn({ msg: 'cache is slow', ms, err })`.
 */
export class NestLog implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(WIRING.has(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest hands over (message, …details, context); the details are a stack, an Error or keys. */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const details = [...rest];
    const context = typeof details.at(-1) === 'string' && !isStack(details.at(-1)) ? details.pop() : undefined;
    const keys = Object.assign({ context }, keysOf(message), ...details.map(keysOf)) as { msg?: unknown };
    this.pino[level](keys, typeof keys.msg === 'string' ? undefined : textOf(message));
  }
}

const isStack = (value: unknown): boolean => typeof value === 'string' && /\n\s+at /.test(value);

function keysOf(value: unknown): object {
  if (value instanceof Error) return { err: value };
  if (isStack(value)) return { stack: value };
  return typeof value === 'object' && value !== null ? value : {};
}

function textOf(message: unknown): string | undefined {
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : undefined;
}
