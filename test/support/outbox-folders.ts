import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for an outbox, until the tests of the file are over. */
export function outboxFolders(): () => string {
  const made: string[] = [];
  afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'muster-outbox-'));
    made.push(folder);
    return folder;
  };
}

/** Files of an outbox that hold how a task ended; those of `refused` when asked. */
export function answersIn(folder: string, below = ''): string[] {
  const path = join(folder, below);
  const files = readdirSync(path).filter((name) => name.endsWith('.json'));
  return files.filter((name) => !textOf(join(path, name)).includes('"method":"task.claim"'));
}

/** Entries come and go meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '"method":"task.claim"';
  }
}
