import { setTimeout as pause } from 'node:timers/promises';

/** Looks every few milliseconds until `condition` gives something true, and answers that. */
export async function until<T>(
  condition: () => T | Promise<T>,
  what = condition.toString(),
  limitMs = 60_000,
): Promise<NonNullable<T>> {
  for (const deadline = performance.now() + limitMs; ;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`Not within ${limitMs} ms: ${what}`);
    await pause(5);
  }
}
