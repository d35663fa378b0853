import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import type { DataDirectory } from './data-directory.js';
import { EmbeddedPostgresFailed } from './embedded.errors.js';
import { SERVER_ENVIRONMENT, signal } from './processes.js';
import type { ServerLog } from './server-log.js';
import type { ServerUser } from './server-user.js';
import { until } from './until.js';
import { Watchdog } from './watchdog.js';

/** Recovery after a crash replays at most `max_wal_size`, seconds on any disk; this is for one that hardly answers. */
const START_LIMIT_MS = 120_000;

export interface PostmasterOptions {
  readonly program: string;
  readonly directory: DataDirectory;
  readonly user: ServerUser;
  readonly log: ServerLog;
  readonly settings: Readonly<Record<string, string | number>>;
}

/** Why a server did not start where another attempt can succeed: the directory is held, or the port is taken. */
export type Refusal = 'directory-held' | 'port-taken';

/** One run of the server, started by this process. */
export class Postmaster {
  private constructor(
    private readonly child: ChildProcess,
    readonly pid: number,
    readonly port: number,
    private readonly log: ServerLog,
  ) {}

  static async start(options: PostmasterOptions, port: number): Promise<Postmaster | Refusal> {
    const { directory, log, user } = options;
    const mark = log.size();
    const { child, pid } = await launch(options, port);
    const watchdog = new Watchdog(pid, user);
    child.once('exit', () => watchdog.release());
    const postmaster = new Postmaster(child, pid, port, log);

    const isReady = (): boolean => {
      const holder = directory.holder();
      return holder.kind === 'live' && holder.pid === pid && holder.status === 'ready';
    };
    const settled = await until(() => !postmaster.isRunning() || isReady(), START_LIMIT_MS);
    if (settled && postmaster.isRunning()) return postmaster;
    if (!settled) await postmaster.stop();
    return refusalIn(log.since(mark)) ?? fail('PostgreSQL did not start.', log.since(mark));
  }

  isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop(): Promise<void> {
    const mark = this.log.size();
    if (!(await shutDown(this.pid, () => !this.isRunning()))) {
      fail(`PostgreSQL (process ${this.pid}) does not stop.`, this.log.since(mark));
    }
  }
}

/**
 * Fast shutdown first: sessions are ended and everything is written, 20–80 ms. An immediate one loses nothing committed
 * either, the next start replays the log. Answers whether the server is gone.
 */
export async function shutDown(pid: number, isGone: () => boolean): Promise<boolean> {
  const steps = [['SIGINT', 20_000], ['SIGQUIT', 5_000], ['SIGKILL', 5_000]] as const; // prettier-ignore
  for (const [name, patienceMs] of steps) {
    if (isGone()) return true;
    signal(pid, name);
    if (await until(isGone, patienceMs)) return true;
  }
  return false;
}

/** Detached: Ctrl-C at the terminal must not reach the server before the service has drained. */
async function launch(options: PostmasterOptions, port: number): Promise<{ child: ChildProcess; pid: number }> {
  const { program, directory, user, log, settings } = options;
  const parameters = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const output = log.openForAppend();
  try {
    const child = spawn(program, ['-D', directory.path, '-p', String(port), ...parameters], {
      ...user,
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', output],
      env: SERVER_ENVIRONMENT,
    });
    await once(child, 'spawn');
    child.unref();
    return child.pid === undefined ? fail('PostgreSQL has no process id.', '') : { child, pid: child.pid };
  } catch (error) {
    throw new EmbeddedPostgresFailed(`${program} could not be run: ${String(error)}.`, '', { cause: error });
  } finally {
    closeSync(output);
  }
}

/** The server runs with LC_ALL=C, so these are its own words on every machine. */
function refusalIn(said: string): Refusal | undefined {
  if (/lock file "postmaster.pid" (already exists|is empty)|shared memory block .* still in use/.test(said)) {
    return 'directory-held';
  }
  return /could not bind|could not create any TCP\/IP sockets/.test(said) ? 'port-taken' : undefined;
}

function fail(what: string, said: string): never {
  throw new EmbeddedPostgresFailed(what, said);
}
