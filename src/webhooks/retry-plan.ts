/** An endpoint that asks for more patience than this gets it up to here, in seconds. */
const LONGEST_RETRY_AFTER = 8 * 60 * 60;
/** Deliveries that failed together do not all come again together: each comes up to a tenth earlier or later. */
const JITTER = 0.1;

/**
 * Seconds until the next attempt after `failures` of them; undefined when there is none. `retryAfter` is what the
 * endpoint asked for.
 */
export function pauseAfter(failures: number, plan: readonly number[], retryAfter = 0): number | undefined {
  const pause = plan[failures - 1];
  if (pause === undefined) return undefined;
  const jittered = pause * (1 - JITTER + 2 * JITTER * Math.random());
  return Math.max(jittered, Math.min(retryAfter, LONGEST_RETRY_AFTER));
}
