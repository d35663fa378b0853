import { setTimeout as sleep } from 'node:timers/promises';

/** Looks every 10 ms until the condition holds; false when it still does not after `limitMs`. */
export async function until(condition: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}
