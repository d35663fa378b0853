import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { exists } from './processes.js';

/** Far longer than anything takes that is made under a draft's name; guards against a process id in use again. */
const ABANDONED_AFTER_MS = 10 * 60_000;

/**
 * A name beside the data directory under which something is made before it is renamed to its own. A process killed
 * halfway leaves only a draft, and the names tell whose they were.
 */
export function draftBeside(directory: string): string {
  return `${directory}.draft-${process.pid}-${randomBytes(4).toString('hex')}`;
}

/** Removes what killed processes left half made. */
export function removeAbandonedDrafts(directory: string): void {
  const prefix = `${basename(directory)}.draft-`;
  for (const name of readdirSync(dirname(directory)).filter((entry) => entry.startsWith(prefix))) {
    const draft = join(dirname(directory), name);
    const maker = Number.parseInt(name.slice(prefix.length), 10);
    const madeAt = statSync(draft, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (exists(maker) && Date.now() - madeAt < ABANDONED_AFTER_MS) continue;
    // An initdb that outlived its maker may still be writing; what it leaves behind goes with the next start.
    rmSync(draft, { recursive: true, force: true, maxRetries: 3 });
  }
}
