/** It took longer than it may. What was asked for may still happen. */
export class TooSlow extends Error {
  constructor(what: string, limitMs: number) {
    super(`${what} took longer than ${limitMs} ms.`);
    this.name = 'TooSlow';
  }
}

/**
 * What `work` comes to; `what` begins the sentence of the refusal. The work itself is not ended by it.
 * @throws TooSlow when `work` is not settled after `limitMs`. The verdict waits for one more look at the sockets:
 * after a long stretch of computing, timers run before the answers that arrived meanwhile are read.
 */
export function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(new TooSlow(what, limitMs))), limitMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
