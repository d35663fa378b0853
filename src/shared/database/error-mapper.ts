import { QueryFailedError, QueryRunnerAlreadyReleasedError } from 'typeorm';
import {
  AlreadyExists,
  Conflict,
  DependencyUnavailable,
  DomainError,
  InvalidInput,
  InvalidTransaction,
  OperationFailed,
  SerializationConflict,
} from '../errors/index.js';
import { Overloaded } from './overloaded.js';

interface PostgresError {
  code?: string;
  table?: string;
  column?: string;
  constraint?: string;
  detail?: string;
  message?: string;
}

const SERIALIZATION = new Set(['40001', '40P01']);

/**
 * SQLSTATEs that say the server, not the statement, is the matter: connection, resources, operator, system; and the
 * limits of time: of a statement (57014), between two (25P03), of a transaction (25P04).
 */
const INFRASTRUCTURE = /^(08|53|57P|58|F0|XX|57014|25P03|25P04)/;
const SOCKET = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);
const LOST = /connection terminated|query read timeout|not queryable|connection error|client was closed/i;

/** The bodies of data errors that a caller's value can cause: bad text, bad number, NUL, too long, too deep. */
const DATA = /^(22|54001)/;

/** True for a lost or refused connection, a timeout, exhausted resources or a server going down; never for a refusal. */
export function isInfrastructureFailure(error: unknown): boolean {
  if (error instanceof DependencyUnavailable) return true;
  if (error instanceof DomainError) return false;
  if (error instanceof QueryRunnerAlreadyReleasedError) return true;
  const driver = driverError(error);
  const code = driver.code ?? '';
  return INFRASTRUCTURE.test(code) || SOCKET.has(code) || LOST.test(driver.message ?? '');
}

/** True when no connection of the pool became free in time, which says nothing about the server. */
export function isPoolExhausted(error: unknown): boolean {
  return error instanceof Overloaded || driverError(error).message === 'timeout exceeded when trying to connect';
}

/** True when the database answered to a statement, or a repository has put that answer into a domain error. */
export function isAnswer(error: unknown): boolean {
  if (error instanceof OperationFailed) return error.cause instanceof QueryFailedError;
  return error instanceof QueryFailedError || error instanceof DomainError;
}

/** True when the client stopped waiting: the connection is still busy with the statement. */
export function isReadTimeout(error: unknown): boolean {
  return driverError(error).message === 'Query read timeout';
}

/** True when the transaction only has to be run again: serialisation failure or deadlock. */
export function isSerializationFailure(error: unknown): boolean {
  if (error instanceof SerializationConflict) return true;
  return SERIALIZATION.has(driverError(error).code ?? '');
}

/** The one place where a database's answer becomes a domain error. Domain errors pass unchanged; the cause is kept. */
export function mapDatabaseError(error: unknown, operation: string): DomainError {
  if (error instanceof DomainError) return error;
  const driver = driverError(error);
  const code = driver.code ?? '';
  if (code === '23505') return new AlreadyExists(singular(driver.table), keyOf(driver), { cause: error });
  if (SERIALIZATION.has(code)) return new SerializationConflict(operation, { cause: error });
  if (isPoolExhausted(error)) return new Overloaded(operation, 'All connections are in use', { cause: error });
  if (isInfrastructureFailure(error)) return new DependencyUnavailable('database', operation, { cause: error });
  if (code === '23503') return referenceError(driver);
  if (code === '23502' || code === '23514') return refused('constraint', 'breaks a rule of the data', driver);
  if (DATA.test(code)) return refused('value', driver.message ?? 'cannot be stored', driver);
  if (code.startsWith('25')) return new InvalidTransaction(driver.message ?? 'invalid', {}, { cause: error });
  return new OperationFailed(operation, { cause: error });
}

function driverError(error: unknown): PostgresError {
  if (error instanceof QueryFailedError) return error.driverError as PostgresError;
  return typeof error === 'object' && error !== null ? error : {};
}

function refused(rule: string, message: string, driver: PostgresError): InvalidInput {
  const field = driver.column ?? driver.constraint ?? driver.table ?? 'value';
  return InvalidInput.of(field, rule, `${field} ${message}`);
}

/** The same SQLSTATE says that a row names nothing, and that a row to be deleted is named by others. */
function referenceError(driver: PostgresError): DomainError {
  const user = /is still referenced from table "([^"]*)"/.exec(driver.detail ?? '')?.[1];
  if (!user) return refused('reference', 'names something that does not exist', driver);
  const details = { constraint: driver.constraint ?? null };
  return new Conflict('still_referenced', `A ${singular(user)} still refers to this; remove it first.`, details);
}

function singular(table = 'row'): string {
  return table.replace(/s$/, '');
}

/** `Key (tenant_id, name)=(…, ada) already exists.` → `name`. The tenant is never shown. */
function keyOf(driver: PostgresError): string {
  const columns = /^Key \(([^)]*)\)/.exec(driver.detail ?? '')?.[1]?.split(', ') ?? [];
  return columns.filter((column) => column !== 'tenant_id').join(', ') || (driver.constraint ?? 'key');
}

/** What a function of ours raised: its DETAIL, if the error carries the given SQLSTATE of class MU. */
export function raised(error: unknown, code: string): string | undefined {
  const driver = driverError(error);
  return driver.code === code ? (driver.detail ?? '') : undefined;
}

/**
 * The value that stands there already, when the statement would have broken this unique index over the tenant and one
 * column.
 */
export function takenValue(error: unknown, index: string): string | undefined {
  const { code, constraint, detail = '' } = driverError(error);
  if (code !== '23505' || constraint !== index) return undefined;
  return /^[^=]*=\([\da-f-]{36}, ([^]*)\)[^)]*$/.exec(detail)?.[1];
}
