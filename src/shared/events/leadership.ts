import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Metrics } from '../metrics/index.js';
import { LeadersRepository } from './leaders.repository.js';
import { Wakeups } from './wakeups.js';

interface Seat {
  ttlMs: number;
  /** When the database is asked next, and until when the lease is certain, both by `performance.now()`. */
  askAt: number;
  heldUntil: number;
  epoch: number;
}

/** Says to the other nodes that a lease was given up; without it they find out when they ask next. */
const RELEASED = 'leadership';

/**
 * One node at a time for each name, by rows with a lease in the database, whose clock decides. A node that loses its
 * lease cannot know it at that very moment, so work that must not be done twice carries the epoch, or is safe to repeat.
 */
@Injectable()
export class Leadership implements BeforeApplicationShutdown {
  private readonly logger = new Logger('leadership');
  private readonly node: string;
  private readonly seats = new Map<string, Seat>();
  private asking?: Promise<void>;
  private closed = false;

  constructor(
    private readonly leaders: LeadersRepository,
    private readonly wakeups: Wakeups,
    metrics: Metrics,
  ) {
    this.node = wakeups.nodeId;
    wakeups.onBroadcast(RELEASED, () => this.askSoon());
    const leading = {
      name: 'leader',
      help: '1 where this node leads, for each seat that it asked for.',
      labels: ['seat'],
    } as const;
    metrics.gauge(leading, (gauge) => {
      for (const name of this.seats.keys()) gauge.set({ seat: name }, this.epoch(name) === undefined ? 0 : 1);
    });
  }

  /**
   * Whether this node leads `name`, taking or renewing the lease when it is time. Call it as often as the work is done:
   * the database is asked once in a third of `ttlMs`, for all names of the node together.
   */
  async hold(name: string, ttlMs: number): Promise<boolean> {
    if (this.closed) return false;
    const seat = this.seats.get(name) ?? { ttlMs, askAt: 0, heldUntil: 0, epoch: 0 };
    seat.ttlMs = ttlMs;
    this.seats.set(name, seat);
    if (performance.now() >= seat.askAt) {
      await this.asking;
      if (performance.now() >= seat.askAt) await (this.asking = this.ask().finally(() => (this.asking = undefined)));
    }
    return this.epoch(name) !== undefined;
  }

  /** The epoch under which this node leads `name`; undefined when it does not, or no longer for certain. */
  epoch(name: string): number | undefined {
    const seat = this.seats.get(name);
    return seat && performance.now() < seat.heldUntil ? seat.epoch : undefined;
  }

  /** Gives `name` up, so that another node may take it at once. */
  async release(...names: string[]): Promise<void> {
    await this.asking;
    const held = names.filter((name) => this.seats.delete(name));
    if (held.length === 0) return;
    await this.leaders.release(this.node, held);
    this.wakeups.broadcast(RELEASED, '');
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.closed = true;
    try {
      await this.release(...this.seats.keys());
    } catch (error) {
      this.logger.warn({ msg: 'leases were not given back and will expire', err: error });
    }
  }

  private askSoon(): void {
    for (const [name, seat] of this.seats) if (this.epoch(name) === undefined) seat.askAt = 0;
  }

  /** Asks for all names that are due within their next third, so that they stay together. */
  private async ask(): Promise<void> {
    const now = performance.now();
    const due = [...this.seats].filter(([, seat]) => seat.askAt <= now + seat.ttlMs / 12);
    // Set before asking: while the database does not answer, it is not asked by every call.
    for (const [, seat] of due) seat.askAt = now + seat.ttlMs / 3;
    const epochs = await this.leaders.take(
      this.node,
      due.map(([name, seat]) => ({ name, ttlMs: seat.ttlMs })),
    );
    for (const [name, seat] of due) {
      const epoch = epochs.get(name);
      // Counted from before the question: the database's lease ends later than what is believed here.
      seat.heldUntil = epoch === undefined ? 0 : now + seat.ttlMs;
      seat.epoch = epoch ?? seat.epoch;
    }
  }
}
