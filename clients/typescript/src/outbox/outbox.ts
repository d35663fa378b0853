import type { Held } from '../agent/task-handler.js';
import type { Params } from '../methods.js';

/** What an agent must not lose: a claim, whose answer may be on its way, or how a task ended. */
export type Asking =
  | { method: 'task.claim'; params: Params<'task.claim'> }
  | { method: 'task.complete'; params: Params<'task.complete'> }
  | { method: 'task.fail'; params: Params<'task.fail'> }
  | { method: 'task.release'; params: Params<'task.release'> };

export type Claim = Extract<Asking, { method: 'task.claim' }>;

/** How a task ended. */
export type Answer = Exclude<Asking, Claim>;

/** Written down, under the key by which the server knows it again. */
export type Entry<A extends Asking = Asking> = A & {
  /** The Idempotency-Key. Absent where nothing would be left to repeat it by. */
  readonly key?: string;
  /** What it was given, once that is known: nothing has to be asked for any more. */
  readonly leases?: readonly Held[];
};

/** Where entries are kept until nothing depends on them any more. */
export interface Outbox {
  /** What an earlier run has left, in the order in which it was written. */
  pending(): Promise<Entry[]>;
  /** Resolves when the entry is safe from everything that ends this process. */
  put<A extends Asking>(asking: A): Promise<Entry<A>>;
  /** Notes what the server has given for it. */
  note(entry: Entry, leases: readonly Held[]): Promise<void>;
  remove(entry: Entry): Promise<void>;
  /** Keeps an answer aside that the server has refused for good, with the reason. */
  refuse(entry: Entry<Answer>, reason: object): Promise<void>;
  close(): Promise<void>;
}

/**
 * Keeps nothing. The lease of a claim whose answer is lost ends by itself, and the repeat of a completion is answered
 * alike, so these stay on the server's fast path; the others are known again by their key only.
 */
export class NoOutbox implements Outbox {
  async pending(): Promise<Entry[]> {
    return [];
  }

  async put<A extends Asking>(asking: A): Promise<Entry<A>> {
    const isAlike = asking.method === 'task.complete' && !asking.params.claimNext;
    return isAlike || asking.method === 'task.claim' ? asking : { ...asking, key: crypto.randomUUID() };
  }

  async note(): Promise<void> {}
  async remove(): Promise<void> {}
  async refuse(): Promise<void> {}
  async close(): Promise<void> {}
}
