import { Logger } from '@nestjs/common';

/** However many scrape, the source is asked at most this often. */
const KEPT_MS = 5_000;

/**
 * A reading that several gauges share, made when the metrics are read and kept for a few seconds: nothing is asked while
 * nobody scrapes. One that fails is reported, and its gauges have no values: a scrape must not fail with the database.
 */
export class Reading<T> {
  private readonly logger = new Logger('metrics');
  private last?: { at: number; value: Promise<T | undefined> };

  constructor(
    private readonly what: string,
    private readonly read: () => Promise<T>,
  ) {}

  take(): Promise<T | undefined> {
    if (this.last && performance.now() - this.last.at < KEPT_MS) return this.last.value;
    const value = this.read().catch((error: unknown) => {
      this.logger.warn({ msg: 'gauges could not be read', what: this.what, err: error });
      return undefined;
    });
    this.last = { at: performance.now(), value };
    return value;
  }
}
