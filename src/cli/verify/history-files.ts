import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidHistory, UsageError } from '../failures.js';
import { linesOf } from '../lines.js';
import type { Checker } from './checker.js';
import { BadHistoryLine, type HistoryLine, readHistoryLine } from './history-line.js';

/** Ends the names of histories; a folder stands for those in it. */
const EXTENSION = '.jsonl';
/** Longer than any event or task can be. */
const MAX_LINE = 8 * 1024 * 1024;
const BUFFERED = 64 * 1024;

export interface ReadHistory {
  files: string[];
  lines: number;
  /** Files whose last line is torn: their recorder was killed while it wrote. */
  torn: string[];
}

/**
 * Hands the checker every line of the files; a line is in memory.
 * @throws InvalidHistory naming the line, UsageError for a file that cannot be read
 */
export async function readHistory(paths: readonly string[], checker: Checker): Promise<ReadHistory> {
  const files = paths.flatMap(filesOf);
  const read: ReadHistory = { files, lines: 0, torn: [] };
  for (const file of files) await readFile(file, checker, read);
  if (read.lines === 0) throw new InvalidHistory(`There is no line in ${files.join(', ') || paths.join(', ')}.`);
  return read;
}

async function readFile(file: string, checker: Checker, read: ReadHistory): Promise<void> {
  let number = 0;
  let unread: string | undefined;
  try {
    // One line behind, so that the last one, which no line end closes, is known as such.
    for await (const line of linesOf(file, { maxLine: MAX_LINE })) {
      if (unread !== undefined) number += 1;
      if (unread) read.lines += see(unread, file, checker);
      unread = line;
    }
    number += 1;
    if (unread && isJson(unread)) read.lines += see(unread, file, checker);
    else if (unread) read.torn.push(file);
  } catch (error) {
    if (error instanceof BadHistoryLine) throw new InvalidHistory(`${file}, line ${number}: ${error.message}.`);
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined || error instanceof UsageError ? error : unreadable(file, code);
  }
}

function see(line: string, file: string, checker: Checker): 1 {
  checker.see(readHistoryLine(line), file);
  return 1;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => name.endsWith(EXTENSION));
    if (names.length === 0) throw new UsageError(`There is no ${EXTENSION} file in ${path}.`);
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined || error instanceof UsageError ? error : unreadable(path, code);
  }
}

const unreadable = (path: string, code: string): UsageError => new UsageError(`${path} cannot be read (${code}).`);

/** Writes a history line by line, with a bounded buffer. A killed writer loses what it buffered, and tears one line at most. */
export class HistoryFile {
  private readonly fd: number;
  private buffered: string[] = [];
  private size = 0;

  /** @throws UsageError when the file is there already, or cannot be made */
  constructor(readonly path: string) {
    try {
      this.fd = openSync(path, 'wx');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw new UsageError(`${path} is there already; name a file that is not.`);
      throw new UsageError(`${path} cannot be written (${code}).`);
    }
  }

  write(line: HistoryLine): void {
    const text = `${JSON.stringify(line)}\n`;
    this.buffered.push(text);
    this.size += text.length;
    if (this.size >= BUFFERED) this.flush();
  }

  close(): void {
    this.flush();
    closeSync(this.fd);
  }

  private flush(): void {
    const bytes = Buffer.from(this.buffered.join(''));
    for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at);
    this.buffered = [];
    this.size = 0;
  }
}
