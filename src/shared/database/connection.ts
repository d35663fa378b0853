import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ClientBase } from 'pg';
import type { QueryRunner } from 'typeorm';

/** Where the client's server listens, and what names its backend there. */
interface Backend {
  readonly host: string;
  readonly port: number;
  readonly processID: number;
  readonly secretKey: number;
}

/** What TypeORM's runner for PostgreSQL has beside its interface. */
interface PostgresRunner {
  readonly databaseConnection?: ClientBase & Backend;
  releasePostgresConnection(cause: Error): Promise<void>;
}

const postgres = (runner: QueryRunner): PostgresRunner => runner as unknown as PostgresRunner;

/**
 * Whether the runner's connection, where it has one, is outside every transaction, so that the pool may lend it again.
 * The server's last word on it, no round trip.
 */
export function isIdle(runner: QueryRunner): boolean {
  const client = postgres(runner).databaseConnection;
  return !client || client.getTransactionStatus() === 'I';
}

/** Ends the runner with its connection closed instead of given back. Harmless where it never had one. */
export function discard(runner: QueryRunner, cause: unknown): Promise<void> {
  return postgres(runner).releasePostgresConnection(cause instanceof Error ? cause : new Error(String(cause)));
}

/** Runs `then` when the runner has no connection any more, whichever way it loses it. */
export function whenReleased(runner: QueryRunner, then: () => void): void {
  const own = postgres(runner);
  const release = own.releasePostgresConnection.bind(own);
  own.releasePostgresConnection = async (cause) => {
    await release(cause);
    then();
  };
}

const CANCEL_REQUEST = 80_877_102;
const CANCEL_LIMIT_MS = 1_000;

/**
 * Asks the server to give up the statement the runner is waiting for. By the protocol's own request, not by
 * pg_cancel_backend: it needs no free connection, and a pooler between knows which backend is meant. Like libpq's
 * PQcancel it goes unencrypted; it carries nothing but the backend's key. A server that cannot be reached is no error
 * here: the connection is closed next.
 */
export async function cancel(runner: QueryRunner): Promise<void> {
  const backend = postgres(runner).databaseConnection;
  if (!backend) return;
  const request = Buffer.alloc(16);
  [16, CANCEL_REQUEST, backend.processID, backend.secretKey].forEach((part, at) => request.writeInt32BE(part, at * 4));
  const socket = dial(backend);
  try {
    socket.end(request);
    // The server closes its side once the signal is sent.
    await once(socket.resume(), 'close', { signal: AbortSignal.timeout(CANCEL_LIMIT_MS) });
  } catch {
    // Refused, reset or too slow: there is nobody left to ask.
  } finally {
    socket.destroy();
  }
}

const dial = ({ host, port }: Backend): Socket =>
  host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
