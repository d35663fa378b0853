/** Work that is done again and again, one round after the other. What makes a round fail is told; the next one comes all the same. */
export class Rounds {
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  /**
   * @param round one round of the work
   * @param pauseMs between the end of a round and the next
   * @param failed told of each failure
   */
  constructor(
    private readonly round: () => Promise<unknown>,
    private readonly pauseMs: number,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** A long round looks here whether it should end. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** Does not keep the process alive. */
  begin(afterMs = this.pauseMs): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.run().finally(() => this.begin());
    }, afterMs).unref();
  }

  /** Begins no other round, and waits for the one under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      await this.round();
    } catch (error) {
      this.failed(error);
    }
  }
}
