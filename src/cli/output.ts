import type { Writable } from 'node:stream';

type Stream = Pick<Writable, 'write'> & { isTTY?: boolean; columns?: number };

/** Where a command prints: answers on standard output, what happens meanwhile on standard error. */
export class Output {
  private rewriting = false;

  constructor(
    readonly json: boolean,
    private readonly out: Stream = process.stdout,
    private readonly err: Stream = process.stderr,
  ) {}

  /** The answer: one JSON document on a line, or text for people. */
  answer(document: unknown, text: () => string): void {
    this.out.write(`${this.json ? JSON.stringify(document) : text()}\n`);
  }

  /** How far the work is: a line that is written over on a terminal, plain lines elsewhere, nothing under `--json`. */
  progress(text: string): void {
    if (this.json) return;
    if (this.err.isTTY) this.err.write(`\r\u001b[2K${text.slice(0, (this.err.columns ?? 80) - 1)}`);
    else this.err.write(`${text}\n`);
    this.rewriting = this.err.isTTY === true;
  }

  /** How often progress is worth showing. */
  get progressEveryMs(): number {
    return this.err.isTTY ? 200 : 2_000;
  }

  endProgress(): void {
    if (this.rewriting) this.err.write('\n');
    this.rewriting = false;
  }

  failure({ document, text }: { document: unknown; text: string }): void {
    this.endProgress();
    this.err.write(this.json ? `${JSON.stringify(document)}\n` : `muster: ${text}\n`);
  }

  /** Characters a line holds; no limit where nobody's terminal is in the way. */
  get width(): number {
    return this.out.isTTY ? (this.out.columns ?? 80) : Number.POSITIVE_INFINITY;
  }
}
