import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Two agents on one outbox would send each other's answers. */
export class OutboxInUse extends Error {
  readonly code = 'outbox_in_use';

  constructor(
    readonly folder: string,
    readonly pid: number,
  ) {
    super(
      `The outbox ${folder} belongs to an agent of the running process ${pid}; give each agent a folder of its own.`,
    );
    this.name = 'OutboxInUse';
  }
}

interface Holder {
  pid: number;
  /** When it began, where the system tells: numbers of processes are used again, in containers at once. */
  started: string;
  nonce: string;
}

/** Belongs to one holder on this machine until it is released, or the holder's thread or process ends. */
export class FolderLock {
  private constructor(
    private readonly path: string,
    private readonly nonce: string,
    /** Open while it is held: the system closes it with the thread. */
    private readonly handle: FileHandle,
  ) {}

  /** @throws OutboxInUse */
  static async take(folder: string): Promise<FolderLock> {
    const path = join(folder, 'lock');
    const me: Holder = { pid: process.pid, started: await startOf(process.pid), nonce: randomUUID() };
    // Made beside it and linked into its place, so that nobody reads half of it.
    const draft = `${path}-${me.nonce}`;
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(me));
      while (!(await linked(draft, path))) await removeAbandoned(folder, path);
      return new FolderLock(path, me.nonce, handle);
    } catch (error) {
      await handle.close();
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** What somebody else has put in its place meanwhile stays. */
  async release(): Promise<void> {
    if ((await holderOf(this.path))?.nonce === this.nonce) await rm(this.path, { force: true });
    await this.handle.close();
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
  if (found && (await isAlive(found, path))) throw new OutboxInUse(folder, found.pid);
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

async function isAlive({ pid, started }: Holder, path: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false;
  }
  if ((await startOf(pid)) !== started) return false;
  return pid !== process.pid || isOpenHere(path);
}

/** In whichever thread of this process. Where the system does not tell, until the process ends. */
async function isOpenHere(path: string): Promise<boolean> {
  const files = await readdir('/proc/self/fd').catch(() => undefined);
  if (!files) return true;
  const same = await stat(path).catch(() => undefined);
  for (const file of files) {
    // Some are closed by now.
    const { dev, ino } = (await stat(`/proc/self/fd/${file}`).catch(() => undefined)) ?? {};
    if (same && dev === same.dev && ino === same.ino) return true;
  }
  return false;
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
