import type { FeedEvent } from '../methods.js';

/** What is followed, as `subscribe` takes it. */
export interface Feeds {
  feeds: { workspaceId?: string; after?: number }[];
  types?: string[];
  subjects?: string[];
}

export interface Events {
  subscription: string;
  events: FeedEvent[];
  /** The cursor to come back with. */
  next: number;
}

/** Events that may wait for who follows. The rest is in the log, and is asked for when these are taken. */
const MOST_WAITING = 10_000;

/** What comes for one subscription, until it ends. */
export class Subscription {
  private readonly waiting: Events[] = [];
  private count = 0;
  private ended?: { error?: Error };
  private wake = (): void => undefined;

  constructor(private readonly unsubscribe: () => void) {}

  take(events: Events): void {
    if (this.ended) return;
    this.waiting.push(events);
    this.count += events.events.length;
    if (this.count > MOST_WAITING) this.close();
    this.wake();
  }

  end(error: Error): void {
    this.ended ??= { error };
    this.wake();
  }

  /** No more comes; what waits can still be taken. */
  close(): void {
    this.ended ??= {};
    this.unsubscribe();
    this.wake();
  }

  /** Undefined when it has ended because too much waited, or the signal fired. @throws why it has ended otherwise */
  async next(signal: AbortSignal | undefined): Promise<Events | undefined> {
    const wake = (): void => this.wake();
    signal?.addEventListener('abort', wake);
    try {
      while (this.waiting.length === 0 && !this.ended && !signal?.aborted) {
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
    if (signal?.aborted) return undefined;
    const events = this.waiting.shift();
    if (!events && this.ended?.error) throw this.ended.error;
    this.count -= events?.events.length ?? 0;
    return events;
  }
}
