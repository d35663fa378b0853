import { closeSync, copyFileSync, fstatSync, openSync, readSync, renameSync, statSync, truncateSync } from 'node:fs';

/** At most two files of this size are kept: the current one and the one before. */
const LIMIT_BYTES = 8 * 1024 * 1024;
const QUOTED_BYTES = 4_000;

/**
 * PostgreSQL's own log. The server writes straight into the file: through a pipe its backends would wait for our event
 * loop, and its words would be lost with our death, which is when they are wanted most.
 */
export class ServerLog {
  constructor(readonly path: string) {}

  /** A descriptor to hand to the server. Appending mode is what makes truncating under a running server safe. */
  openForAppend(): number {
    if (this.size() > LIMIT_BYTES) renameSync(this.path, `${this.path}.1`);
    return openSync(this.path, 'a', 0o600);
  }

  size(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Keeps a copy of a log that has grown too long and empties it; what is written in between is lost. */
  bound(): void {
    if (this.size() <= LIMIT_BYTES) return;
    copyFileSync(this.path, `${this.path}.1`);
    truncateSync(this.path);
  }

  /** The last lines written after the file had `mark` bytes. */
  since(mark: number): string {
    if (this.size() <= mark) return '';
    const file = openSync(this.path, 'r');
    try {
      const end = fstatSync(file).size;
      const start = Math.max(mark, end - QUOTED_BYTES);
      const buffer = Buffer.alloc(Math.max(0, end - start));
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, start)).trim();
    } finally {
      closeSync(file);
    }
  }
}
