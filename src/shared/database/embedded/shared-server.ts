import { DatabaseError } from 'pg';
import type { DataDirectory } from './data-directory.js';
import { EmbeddedPostgresFailed } from './embedded.errors.js';
import { shutDown } from './postmaster.js';
import { errorCode, stateOf } from './processes.js';
import { enter } from './session.js';

/** What a connection meets while a server comes or goes: starting up, shutting down, no longer there. */
const PASSING = ['57P01', '57P02', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'];

/** A server that another living process owns. */
export class SharedServer {
  private constructor(
    private readonly directory: DataDirectory,
    readonly pid: number,
    readonly port: number,
  ) {}

  /** Lets us in, says that its owner is dead, or is about to go or has just gone. */
  static async join(
    directory: DataDirectory,
    { pid, port }: { readonly pid: number; readonly port: number },
  ): Promise<SharedServer | 'orphan' | 'directory-held'> {
    try {
      const { ownerPid } = await enter({ port, password: directory.password() });
      return stateOf(ownerPid).kind === 'running' ? new SharedServer(directory, pid, port) : 'orphan';
    } catch (error) {
      const code = error instanceof DatabaseError ? error.code : errorCode(error);
      // Without a code pg says only "Connection terminated unexpectedly": the server went down in the middle.
      if (code === undefined || PASSING.includes(code)) return 'directory-held';
      throw new EmbeddedPostgresFailed(
        `The server on ${directory.path} (process ${pid}, port ${port}) refuses us: ${String(error)}.`,
        '',
        { cause: error },
      );
    }
  }

  isRunning(): boolean {
    return holds(this.directory, this.pid);
  }

  /** Its owner's to do. */
  async stop(): Promise<void> {}
}

/** Ends a server whose owner was killed together with its watchdog, or faster than the watchdog could act. */
export async function endOrphan(directory: DataDirectory, pid: number): Promise<void> {
  if (await shutDown(pid, () => !holds(directory, pid))) return;
  throw new EmbeddedPostgresFailed(`PostgreSQL (process ${pid}), whose owner died, does not stop.`, '');
}

function holds(directory: DataDirectory, pid: number): boolean {
  const holder = directory.holder();
  return holder.kind === 'live' && holder.pid === pid;
}
