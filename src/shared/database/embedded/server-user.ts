import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** The identity of the server's processes, spread into spawn options; empty when it is our own. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * PostgreSQL refuses to run as root. Under root the server belongs to whoever owns the data directory already, else to
 * `postgres`, else to `nobody`; no account is ever created for it. (initdb looks its user up by name, so a bare number
 * that stands in no user table would not do.)
 */
export function serverUser(directory: string): ServerUser {
  if (process.getuid?.() !== 0) return {};
  const owner = statSync(directory, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return accountOf('postgres') ?? accountOf('nobody') ?? {};
}

/** Whether that user may pass through the folder; asked of the kernel, which also knows about ACLs and mounts. */
export function mayEnter(folder: string, user: ServerUser): boolean {
  if (user.uid === undefined) return true;
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

function accountOf(name: string): ServerUser | undefined {
  const id = (flag: string): number => {
    const answer = spawnSync('id', [flag, name], { encoding: 'utf8' });
    return answer.status === 0 ? Number(answer.stdout) : Number.NaN;
  };
  const uid = id('-u');
  const gid = id('-g');
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : undefined;
}
