import { createReadStream } from 'node:fs';
import { UsageError } from './failures.js';

interface Options {
  /** Characters; a file without line ends must not fill the memory. */
  maxLine: number;
  /** Gets the bytes of the file as they are read. */
  see?: (bytes: Buffer) => void;
}

/**
 * The lines of a file, which must be UTF-8, without their ends. The last one may be empty.
 * @throws UsageError for a line that is too long, and what the file system and the decoder throw
 */
export async function* linesOf(file: string, { maxLine, see }: Options): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    see?.(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > maxLine) throw new UsageError(`${file} holds a line of more than ${maxLine} characters.`);
  }
  yield rest + decoder.decode();
}
