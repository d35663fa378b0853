/** Seconds that `work` takes. */
export async function seconds(work) {
  const started = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - started) / 1e9;
}

/** Calls `work(worker)` `total` times, `width` at a time, and answers calls a second. */
export async function rate(total, width, work) {
  let left = total;
  const taken = await seconds(() =>
    Promise.all(
      Array.from({ length: width }, async (_, worker) => {
        while (left-- > 0) await work(worker);
      }),
    ),
  );
  return total / taken;
}

/** Milliseconds of each of `count` calls, one after the other. */
export async function latencies(count, work) {
  const all = [];
  for (let i = 0; i < count; i++) all.push((await seconds(work)) * 1000);
  return all;
}

export function percentile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (numbers) => percentile(numbers, 0.5);

/** The list begun at another place each round, so that nobody always runs first. */
export const rotated = (list, round) => list.map((_, index) => list[(index + round) % list.length]);

/** Values by name and by column, one for each round. */
export class Samples {
  #values = new Map();
  #estimates = new Map();

  add(name, column, value) {
    const key = JSON.stringify([name, column]);
    this.#values.set(key, [...(this.#values.get(key) ?? []), value]);
  }

  /** What was measured so far counts no more; `estimate` still tells it. */
  warmedUp() {
    this.#estimates = this.#values;
    this.#values = new Map();
  }

  estimate(name, column) {
    return this.#estimates.get(JSON.stringify([name, column]))?.[0];
  }

  /** The median of the rounds; undefined where nothing was measured. */
  median(name, column) {
    const values = this.#values.get(JSON.stringify([name, column]));
    return values && median(values);
  }

  last(name, column) {
    return this.#values.get(JSON.stringify([name, column]))?.at(-1);
  }

  sum(name, column) {
    return this.#values.get(JSON.stringify([name, column]))?.reduce((all, value) => all + value, 0);
  }

  ratio(name, other, column) {
    return this.median(name, column) / this.median(other, column);
  }
}
