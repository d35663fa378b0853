/** What may be claimed now: tasks of these types, so many at most. */
export interface Room {
  types: string[];
  limit: number;
}

/** Counts what runs, in all and by type, against what may run at once. */
export class Slots {
  private running = 0;
  private readonly byType = new Map<string, number>();

  /**
   * @param total how many tasks run at once at most
   * @param limits the same by type; only these types are claimed
   */
  constructor(
    private readonly total: number,
    private readonly limits: ReadonlyMap<string, number>,
  ) {}

  get taken(): number {
    return this.running;
  }

  /**
   * Undefined when everything is taken. The limit is what the fullest of the types has left: a claim may give tasks of
   * one type only.
   */
  get room(): Room | undefined {
    const left = [...this.limits].map(([type, limit]) => ({ type, free: limit - this.runningOf(type) }));
    const open = left.filter(({ free }) => free > 0);
    const limit = Math.min(this.total - this.running, ...open.map(({ free }) => free));
    return open.length > 0 && limit > 0 ? { types: open.map(({ type }) => type), limit } : undefined;
  }

  /**
   * Types that the slot of a task of `type` may go on with when it has ended, while others are being claimed: its own,
   * and those that may take every slot. Undefined while a type of fewer slots has room, which would never be its turn.
   */
  following(type: string): string[] | undefined {
    const others = [...this.limits].filter(([other]) => other !== type);
    const limited = others.filter(([, limit]) => limit < this.total);
    if (limited.some(([other, limit]) => this.runningOf(other) < limit)) return undefined;
    return [type, ...others.filter(([, limit]) => limit >= this.total).map(([other]) => other)];
  }

  take(type: string): void {
    this.running++;
    this.byType.set(type, this.runningOf(type) + 1);
  }

  /** True when a claim that began before could not have had this type. */
  giveBack(type: string): boolean {
    const wasFull = !this.room?.types.includes(type);
    this.running--;
    this.byType.set(type, this.runningOf(type) - 1);
    return wasFull;
  }

  private runningOf(type: string): number {
    return this.byType.get(type) ?? 0;
  }
}
