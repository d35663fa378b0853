import type { Parameters } from 'fast-check';

/** How many times as many runs a property makes, and the seed that repeats a failure. */
const FACTOR = Number(process.env.MODEL_RUNS ?? 1);
const SEED = process.env.MODEL_SEED;

export function runs<T>(numRuns: number): Parameters<T> {
  const seed = SEED === undefined ? Date.now() | 0 : Number(SEED);
  process.stderr.write(`model seed ${seed}: repeat it by MODEL_SEED=${seed}\n`);
  return { numRuns: Math.ceil(numRuns * FACTOR), seed, verbose: 0 };
}

/** Of a property, with its shrinking. */
export const TIMEOUT_MS = 120_000 * Math.max(1, FACTOR);
