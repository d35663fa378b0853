import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.js';
import { draftBeside, removeAbandonedDrafts } from './drafts.js';
import { DataDirectoryUnusable, EmbeddedPostgresFailed } from './embedded.errors.js';
import { errorCode, SERVER_ENVIRONMENT, stateOf } from './processes.js';
import type { ServerUser } from './server-user.js';

/** The database and the role that owns it carry one name. */
export const NAME = 'muster';

/** Measured 0.5–0.7 s, and 3.7 s on a cold disk. */
const INITDB_LIMIT_MS = 120_000;
/** PostgreSQL creates its lock file and fills it at once; one empty for longer was left by a crash of the machine. */
const LOCK_FILE_FILLED_AFTER_MS = 5_000;

const PASSWORD_FILE = 'muster.password';
const LOCK_FILE = 'postmaster.pid';

/**
 * Who holds the data directory, told from the lock file that PostgreSQL writes and from the process it names:
 * - `none`: nobody;
 * - `stale`: a process that is gone. PostgreSQL sees that by itself and recovers;
 * - `zombie`: a killed server that its parent has not collected, `reused`: a number that belongs to another program by
 *   now, or `torn`: a file without a number. PostgreSQL would take each for a running server and refuse to start;
 * - `live`: a running server, and how far it has come.
 */
export type Holder =
  | { readonly kind: 'none' }
  | { readonly kind: 'stale' | 'zombie' | 'reused' | 'torn'; readonly lockFile: string }
  | { readonly kind: 'live'; readonly pid: number; readonly port: number; readonly status: string };

export class DataDirectory {
  /** @param path absolute and free of symbolic links, as the kernel shows it as the server's working directory. */
  constructor(readonly path: string) {}

  get isPrepared(): boolean {
    return existsSync(join(this.path, 'PG_VERSION'));
  }

  /** The password of the role, made with the directory. */
  password(): string {
    try {
      return readFileSync(join(this.path, PASSWORD_FILE), 'utf8');
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      const reason = 'it was not made by Muster (its password file is missing); choose another MUSTER_HOME.';
      throw new DataDirectoryUnusable(this.path, reason, { cause: error });
    }
  }

  /** The port of the run before, so that the address of the database usually stays what it was. */
  lastPort(): number | undefined {
    if (!existsSync(join(this.path, 'postmaster.opts'))) return undefined;
    const port = / "-p" "(\d+)"/.exec(readFileSync(join(this.path, 'postmaster.opts'), 'utf8'))?.[1];
    return port === undefined ? undefined : Number(port);
  }

  holder(): Holder {
    const lockFile = this.readLockFile();
    if (lockFile === undefined) return { kind: 'none' };
    const [pidLine = '', , , portLine = '', , , , status = ''] = lockFile.split('\n');
    // A standalone backend writes its number negated.
    const pid = Math.abs(Number.parseInt(pidLine, 10));
    const live: Holder = { kind: 'live', pid, port: Number.parseInt(portLine, 10), status: status.trim() };
    if (!pid) return this.lockFileAge() > LOCK_FILE_FILLED_AFTER_MS ? { kind: 'torn', lockFile } : live;

    const state = stateOf(pid);
    switch (state.kind) {
      case 'absent':
        return { kind: 'stale', lockFile };
      case 'zombie':
        return { kind: 'zombie', lockFile };
      case 'running':
        return this.isServedBy(state) ? live : { kind: 'reused', lockFile };
    }
  }

  /**
   * Removes the lock file of a holder that cannot be one. Another process may have done so already and started a
   * server, so the file is moved aside, compared and put back if it is not the one that was judged. A server started
   * in that instant is still refused by PostgreSQL's second guard, the shared memory that carries the directory's inode.
   */
  forget(holder: { readonly lockFile: string }): void {
    const lock = join(this.path, LOCK_FILE);
    const aside = `${lock}.${randomBytes(4).toString('hex')}`;
    try {
      renameSync(lock, aside);
      if (readFileSync(aside, 'utf8') !== holder.lockFile) linkSync(aside, lock);
      rmSync(aside);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  /**
   * Makes the database cluster under a draft's name and renames it, so the directory is whole or absent: an initdb
   * killed halfway spoils nothing, and of two processes that start at the same moment one renames and the other uses it.
   */
  async prepare(initdb: Binaries['initdb'], user: ServerUser): Promise<void> {
    removeAbandonedDrafts(this.path);
    if (this.isPrepared) return;
    this.refuseForeignContent();
    const draft = draftBeside(this.path);
    try {
      const cluster = await this.initialise(draft, initdb, user);
      renameSync(cluster, this.path);
      flushFolder(dirname(this.path));
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errorCode(error) ?? '') && this.isPrepared) return;
      throw error;
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }

  private async initialise(draft: string, initdb: string, user: ServerUser): Promise<string> {
    const cluster = join(draft, 'cluster');
    const passwordFile = join(draft, PASSWORD_FILE);
    mkdirSync(draft, { mode: 0o700 });
    writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    if (user.uid !== undefined && user.gid !== undefined) {
      for (const path of [draft, passwordFile]) chownSync(path, user.uid, user.gid);
    }
    await runInitdb(initdb, cluster, passwordFile, user);
    renameSync(passwordFile, join(cluster, PASSWORD_FILE));
    flushFolder(cluster);
    return cluster;
  }

  private refuseForeignContent(): void {
    const refuse = (reason: string, cause?: unknown): never => {
      throw new DataDirectoryUnusable(this.path, `${reason}; choose another MUSTER_HOME.`, { cause });
    };
    try {
      if (readdirSync(this.path).length > 0) refuse('it holds files that are not of a database');
    } catch (error) {
      if (errorCode(error) === 'EACCES') refuse('it belongs to another user', error);
      if (errorCode(error) === 'ENOTDIR') refuse('it is a file', error);
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  /** A server works from its data directory. Where we may not look, any postgres must count as ours. */
  private isServedBy(process: { readonly command: string; readonly workingDirectory?: string }): boolean {
    return process.workingDirectory === undefined
      ? process.command.includes('postgres')
      : process.workingDirectory === this.path;
  }

  private readLockFile(): string | undefined {
    try {
      return readFileSync(join(this.path, LOCK_FILE), 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  private lockFileAge(): number {
    const writtenAt = statSync(join(this.path, LOCK_FILE), { throwIfNoEntry: false })?.mtimeMs;
    return writtenAt === undefined ? 0 : Date.now() - writtenAt;
  }
}

/** Makes a rename last: PostgreSQL syncs what it commits into the cluster, but not the name under which that stands. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The builtin locale sorts by code point on every machine alike, so no index depends on the version of a C library, and
 * still knows upper and lower case of all scripts.
 */
async function runInitdb(initdb: string, cluster: string, passwordFile: string, user: ServerUser): Promise<void> {
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = [`--username=${NAME}`, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  try {
    await promisify(execFile)(initdb, ['-D', cluster, ...locale, ...access, '--no-instructions'], {
      ...user,
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      timeout: INITDB_LIMIT_MS,
    });
  } catch (error) {
    const isProgramError = typeof error === 'object' && error !== null && 'stderr' in error;
    const said = isProgramError ? String(error.stderr).trim() : '';
    throw new EmbeddedPostgresFailed('The database could not be created.', said, { cause: error });
  }
}
