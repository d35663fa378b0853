import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** Nothing of ours is passed on: PGDATA, PGOPTIONS and the like would change what the server does. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** What the operating system says of a process id. `workingDirectory` is absent where we may not or cannot ask. */
export type ProcessState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'zombie' }
  | { readonly kind: 'running'; readonly command: string; readonly workingDirectory?: string };

/** Whether the process is there; a zombie counts, and so does one that belongs to someone else. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Sends a signal; a process that is gone already needs none. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

export function stateOf(pid: number): ProcessState {
  if (!exists(pid)) return { kind: 'absent' };
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

/** The `code` of a system error; asked by shape, because under Jest those come from another realm than our `Error`. */
export function errorCode(error: unknown): string | undefined {
  const isCoded = typeof error === 'object' && error !== null && 'code' in error;
  return isCoded && typeof error.code === 'string' ? error.code : undefined;
}

function fromProc(pid: number): ProcessState {
  try {
    // The name in brackets may hold anything, brackets too: the state is what follows the last one.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))) return { kind: 'zombie' };
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return { kind: 'running', command, workingDirectory: workingDirectoryOf(pid) };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return { kind: 'absent' };
    throw error;
  }
}

/** Another user's is not ours to see, which is an answer too; only then the command has to tell. */
function workingDirectoryOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function fromPs(pid: number): ProcessState {
  const answer = spawnSync('ps', ['-o', 'stat=', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  // Without `ps` (Windows) we know only that it is there, and an unknown process must count as the server.
  if (answer.error) return { kind: 'running', command: 'postgres' };
  const line = answer.stdout.trim();
  if (!line) return { kind: 'absent' };
  return line.startsWith('Z') ? { kind: 'zombie' } : { kind: 'running', command: line.replace(/^\S+\s+/, '') };
}
