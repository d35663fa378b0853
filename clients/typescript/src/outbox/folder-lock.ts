import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Two processes on one outbox would send each other's answers. */
export class OutboxInUse extends Error {
  readonly code = 'outbox_in_use';

  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(`The outbox ${folder} belongs to the running process ${pid}; give each agent process a folder of its own.`);
    this.name = 'OutboxInUse';
  }
}

interface Holder {
  pid: number;
  /** When it began, where the system tells: numbers of processes are used again, in containers at once. */
  started: string;
  /** Tells two holders of one process apart. */
  nonce: string;
}

const held = new Set<string>();

/** Belongs to one process of this machine until it is released or the process ends. */
export class FolderLock {
  private constructor(
    private readonly path: string,
    private readonly nonce: string,
  ) {}

  /** @throws OutboxInUse */
  static async take(folder: string): Promise<FolderLock> {
    const path = join(folder, 'lock');
    const me: Holder = { pid: process.pid, started: await startOf(process.pid), nonce: randomUUID() };
    // Made beside it and linked into its place, so that nobody reads half of it.
    const draft = `${path}-${me.nonce}`;
    await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
    try {
      while (!(await linked(draft, path))) await removeAbandoned(folder, path);
    } finally {
      await rm(draft, { force: true });
    }
    held.add(me.nonce);
    return new FolderLock(path, me.nonce);
  }

  async release(): Promise<void> {
    held.delete(this.nonce);
    await rm(this.path, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Of several that find it abandoned one gets to move it; who has moved a newer one puts it back. */
async function removeAbandoned(folder: string, path: string): Promise<void> {
  const found = await holderOf(path);
  if (found && (await isAlive(found))) throw new OutboxInUse(folder, found.pid);
  const aside = `${path}-${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  const moved = await holderOf(aside);
  if (moved && moved.nonce !== found?.nonce) await linked(aside, path);
  await rm(aside, { force: true });
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

async function isAlive({ pid, started, nonce }: Holder): Promise<boolean> {
  if (pid === process.pid) return held.has(nonce);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false;
  }
  return (await startOf(pid)) === started;
}

/** Field 22 of /proc/<pid>/stat, in ticks since the machine was started; nothing on other systems. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '';
  } catch {
    return '';
  }
}

const isCode = (error: unknown, code: string): boolean => (error as { code?: unknown }).code === code;
