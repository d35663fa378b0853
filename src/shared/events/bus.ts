/** Carries short texts between the nodes. A text may get lost, so nothing may depend on one. */
export interface Bus {
  /** Starts to connect and stays connected until `close`. Never fails: a bus that is down only delays wake-ups. */
  open(listener: BusListener): void;
  /** @throws when the texts were not handed over */
  send(texts: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface BusListener {
  received(text: string): void;
  /** Connected, for the first time or again; what was sent in between did not arrive. */
  connected(): void;
}

/** Full jitter between 50 ms and 5 s: a server that comes back is not met by all nodes at once. */
export function reconnectDelay(attempt: number): number {
  return 50 + Math.random() * Math.min(5_000, 100 * 2 ** Math.min(attempt, 6));
}
