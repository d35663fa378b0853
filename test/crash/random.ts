/** Numbers that look random and come again with their seed (mulberry32). What they decide is then the same; when is not. */
export class Random {
  constructor(private state: number) {}

  /** From 0 up to, and without, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(part: number): boolean {
    return this.next() < part;
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.next() * list.length)] ?? list[0];
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item): [number, T] => [this.next(), item])
      .sort(([one], [other]) => one - other)
      .map(([, item]) => item);
  }

  /** Another sequence, which does not depend on how this one is used. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
}
