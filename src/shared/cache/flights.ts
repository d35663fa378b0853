type Rows<T> = ReadonlyMap<string, T>;

/** One load under way, with the generation of each of its entities, by generation key. */
export class Flight {
  readonly generations = new Map<string, string>();
  rows: Promise<Rows<unknown>>;
  private begun = Number.POSITIVE_INFINITY;

  begin(now: number): void {
    this.begun = now;
  }

  beginsAfter(moment: number): boolean {
    return this.begun > moment;
  }
}

/**
 * The loads under way, so that concurrent misses make one. A reader may share a load only if that load must see all that
 * was committed and invalidated before the reader came: it has not begun yet, or the generation it runs under is the one
 * that the reader found.
 */
export class Flights {
  private readonly byKey = new Map<string, Flight>();
  private moment = 0;

  /** Moments order what happens in this process; each is later than the one before. */
  now(): number {
    return ++this.moment;
  }

  joinable(key: string, readerCame: number, generation: string | undefined): Flight | undefined {
    const flight = this.byKey.get(key);
    if (flight?.beginsAfter(readerCame)) return flight;
    return generation !== undefined && flight?.generations.get(key) === generation ? flight : undefined;
  }

  start<T>(keys: readonly string[], run: (flight: Flight) => Promise<Rows<T>>): Promise<Rows<T>> {
    const flight = new Flight();
    for (const key of keys) this.byKey.set(key, flight);
    const rows = run(flight).finally(() => {
      for (const key of keys) if (this.byKey.get(key) === flight) this.byKey.delete(key);
    });
    flight.rows = rows;
    return rows;
  }

  /** False after an invalidation on this node: what the flight brings would be refused, and replace what is newer. */
  carries(key: string, flight: Flight): boolean {
    return this.byKey.get(key) === flight;
  }

  /** From now on nobody joins the loads of these keys. */
  leave(keys: readonly string[]): void {
    for (const key of keys) this.byKey.delete(key);
  }

  leaveAll(): void {
    this.byKey.clear();
  }
}
