import { Overloaded } from './overloaded.js';

/**
 * Leave to use a connection, given in the order of asking. Outermost transactions that are run, not those opened by
 * hand, and the statements of batches ask for one; what runs inside a transaction never does, or the holders of all permits would wait for each other. The pool is
 * a little larger than the permits, so single statements and `requires_new` find a connection beside them.
 */
export class Permits {
  private readonly waiting = new Set<() => void>();

  constructor(
    private free: number,
    private readonly limitMs: number,
  ) {}

  /** @returns the function that gives the permit back; only its first call counts. @throws Overloaded after the limit */
  async take(operation: string): Promise<() => void> {
    if (this.free > 0) this.free--;
    else await this.turn(operation);
    let held = true;
    return () => {
      if (held) this.giveBack();
      held = false;
    };
  }

  private turn(operation: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(next);
        reject(new Overloaded(operation, `No connection became free within ${this.limitMs} ms`));
      }, this.limitMs);
      const next = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.add(next);
    });
  }

  /** Handed on rather than freed: who asks now must not overtake who waits. */
  private giveBack(): void {
    const [next] = this.waiting;
    if (!next) this.free++;
    else if (this.waiting.delete(next)) next();
  }
}
