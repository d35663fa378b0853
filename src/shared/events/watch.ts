/**
 * Somebody's interest in some feeds. It notes wake-ups from the moment it is made, so one that comes between a look at
 * the log and the wait for news is not lost. Disposing it ends the interest.
 */
export class Watch implements Disposable {
  private woken = false;
  private resume?: () => void;

  constructor(private readonly end: (watch: Watch) => void) {}

  wake(): void {
    this.woken = true;
    this.resume?.();
  }

  /**
   * True as soon as there was a wake-up since the last wait; false when `ms` have passed or `signal` fired. The waker
   * may be mistaken: read, then wait again. One waiter at a time.
   */
  async wait(ms: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.woken && ms > 0 && !signal?.aborted) await this.pause(ms, signal);
    const { woken } = this;
    this.woken = false;
    return woken;
  }

  [Symbol.dispose](): void {
    this.end(this);
    this.resume?.();
  }

  private pause(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.resume = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
      this.resume = done;
    });
  }
}
