import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/** Where a client on this machine finds the server and its key. Until a first start has come through, the key only. */
export interface Credentials {
  adminKey: string;
  url?: string;
  tenantId?: string;
  workspaceId?: string;
}

/** The file is there and holds no credentials. */
export class BrokenCredentials extends Error {
  constructor(file: string, options?: { cause?: unknown }) {
    super(`${file} holds no credentials. Restore it, or remove it and set MUSTER_ADMIN_KEY.`, options);
  }
}

const fileIn = (home: string): string => join(home, 'credentials.json');

/** The credentials of an earlier start, if this home has any. @throws BrokenCredentials */
export function readCredentials(home: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(fileIn(home), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new BrokenCredentials(fileIn(home), { cause: error });
  }
  try {
    const found = JSON.parse(text) as Partial<Credentials> | null;
    if (typeof found?.adminKey === 'string' && found.adminKey !== '') return { ...found, adminKey: found.adminKey };
  } catch {
    // The engine's message quotes the text, which holds a key.
  }
  throw new BrokenCredentials(fileIn(home));
}

/** Keeps what clients on this machine need, readable by its owner only. Whole or not at all, whenever the power fails. */
export function keepCredentials(home: string, credentials: Credentials): void {
  renameSync(written(home, credentials), fileIn(home));
}

/**
 * The key that a first start gives the database: the one this home has, else a new one, kept here before the database
 * has it, so that no end of the process in between loses it. Processes that start at once get the same one.
 */
export function proposeKey(home: string, make: () => string): string {
  const kept = readCredentials(home);
  if (kept) return kept.adminKey;
  const adminKey = make();
  const temporary = written(home, { adminKey });
  try {
    linkSync(temporary, fileIn(home));
    return adminKey;
  } catch (error) {
    const other = (error as NodeJS.ErrnoException).code === 'EEXIST' ? readCredentials(home) : undefined;
    if (!other) throw error;
    return other.adminKey;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Forgets a proposed key that the database did not take. */
export function dropProposal(home: string): void {
  const kept = readCredentials(home);
  if (kept && kept.tenantId === undefined) rmSync(fileIn(home), { force: true });
}

function written(home: string, credentials: Credentials): string {
  // Not 0700: run by root, the embedded database belongs to another user, who must get through.
  mkdirSync(home, { recursive: true });
  const temporary = `${fileIn(home)}.${randomUUID()}`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify(credentials, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
}
