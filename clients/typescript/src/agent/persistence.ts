import { isPassing, retryAfterMs } from '../errors.js';
import { Backoff, pause } from '../pause.js';
import type { Report } from './reports.js';

const RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/**
 * Asks until the server has decided, however long that takes, and tells what is in the way.
 * @throws what was decided, or the signal's reason
 */
export async function untilDecided<T>(ask: () => Promise<T>, report: Report, signal?: AbortSignal): Promise<T> {
  for (const backoff = new Backoff(RETRY_MS, LONGEST_RETRY_MS); ;) {
    try {
      return await ask();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
      report.trouble('The server could not be asked, and will be again.', error);
      await pause(Math.max(retryAfterMs(error), backoff.next()), signal);
      signal?.throwIfAborted();
    }
  }
}
