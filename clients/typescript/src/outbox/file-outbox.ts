import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Held } from '../agent/task-handler.js';
import { FolderLock } from './folder-lock.js';
import type { Answer, Asking, Entry, Outbox } from './outbox.js';

const WRITTEN = /^\d{12}-[\da-f-]{36}\.json$/;
const REFUSED = 'refused';

/**
 * A folder with one file for each entry: the SHA-256 of a JSON text, and the text. A file is written under another name,
 * brought to the disk and then renamed, so that it is whole or not there. What is refused for good moves to `refused/`.
 */
export class FileOutbox implements Outbox {
  private readonly names = new Map<string, string>();
  private sequence = 0;

  private constructor(
    private readonly folder: string,
    private readonly lock: FolderLock,
    /** Told of a file that is not what was written. */
    private readonly onDamaged: (file: string) => void,
  ) {}

  /** @throws OutboxInUse when another process has it */
  static async open(folder: string, onDamaged: (file: string) => void): Promise<FileOutbox> {
    await mkdir(join(folder, REFUSED), { recursive: true });
    return new FileOutbox(folder, await FolderLock.take(folder), onDamaged);
  }

  async pending(): Promise<Entry[]> {
    const files = (await readdir(this.folder)).sort();
    const entries: Entry[] = [];
    for (const file of files) {
      if (file.endsWith('.draft')) await rm(join(this.folder, file));
      if (!WRITTEN.test(file)) continue;
      this.sequence = Number(file.slice(0, 12));
      const entry = entryOf(await readFile(join(this.folder, file), 'utf8'));
      if (entry) {
        this.names.set(keyOf(entry), file);
        entries.push(entry);
      } else {
        await rename(join(this.folder, file), join(this.folder, REFUSED, file));
        this.onDamaged(join(this.folder, REFUSED, file));
      }
    }
    return entries;
  }

  async put<A extends Asking>(asking: A): Promise<Entry<A>> {
    const entry = { ...asking, key: randomUUID() };
    const file = `${String(++this.sequence).padStart(12, '0')}-${entry.key}.json`;
    await this.write(file, entry);
    this.names.set(entry.key, file);
    return entry;
  }

  async note(entry: Entry, leases: readonly Held[]): Promise<void> {
    const file = this.names.get(keyOf(entry));
    if (file !== undefined) await this.write(file, { ...entry, leases });
  }

  /** Not brought to the disk: an entry that comes back after a loss of power is asked once more, and answered alike. */
  async remove(entry: Entry): Promise<void> {
    const file = this.names.get(keyOf(entry));
    if (file === undefined) return;
    await rm(join(this.folder, file), { force: true });
    this.names.delete(keyOf(entry));
  }

  async refuse(entry: Entry<Answer>, reason: object): Promise<void> {
    const file = this.names.get(keyOf(entry));
    if (file === undefined) return;
    await this.write(join(REFUSED, file), { ...entry, refused: reason });
    await this.remove(entry);
  }

  async close(): Promise<void> {
    await this.lock.release();
  }

  private async write(file: string, content: object): Promise<void> {
    const path = join(this.folder, file);
    const draft = `${path}.draft`;
    const json = JSON.stringify(content);
    const handle = await open(draft, 'w', 0o600);
    try {
      await handle.writeFile(`${sumOf(json)}\n${json}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
    await syncFolder(join(path, '..'));
  }
}

const keyOf = ({ key = '' }: Entry): string => key;
const sumOf = (json: string): string => createHash('sha256').update(json).digest('hex');

function entryOf(text: string): Entry | undefined {
  const [sum, json = ''] = text.split('\n');
  return sum === sumOf(json) ? (JSON.parse(json) as Entry) : undefined;
}

/** The new name as well must outlast a loss of power. Windows cannot open a folder, and writes names through. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
