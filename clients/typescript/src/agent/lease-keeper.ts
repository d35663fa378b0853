import type { MusterClient } from '../client.js';
import type { HeartbeatResult } from '../methods.js';
import type { Assignment } from './assignment.js';
import type { Report } from './reports.js';

/** The agent's own sign of life, in ms; leases may need to be extended more often. */
const AGENT_INTERVAL_MS = 20_000;

interface Keeping {
  client: MusterClient;
  agentId: string;
  leaseSeconds: number;
  report: Report;
}

/**
 * Extends the leases of what runs, all of them in one call every third of their time. When a call fails, the next one
 * comes after a twelfth, and what could not be extended in time counts as lost.
 */
export class LeaseKeeper {
  private readonly leaseMs: number;
  private readonly kept = new Set<Assignment>();
  private timer?: ReturnType<typeof setTimeout>;
  private agentAt = performance.now() + AGENT_INTERVAL_MS;
  private stopped = false;

  constructor(private readonly of: Keeping) {
    this.leaseMs = of.leaseSeconds * 1_000;
  }

  start(): void {
    this.schedule(this.leaseMs / 3);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Keeps the lease until it is dropped or lost. */
  keep(assignment: Assignment): void {
    this.kept.add(assignment);
  }

  drop(assignment: Assignment): void {
    this.kept.delete(assignment);
  }

  private schedule(ms: number): void {
    if (!this.stopped) this.timer = setTimeout(() => void this.round(), ms);
  }

  private async round(): Promise<void> {
    const extended = await this.attempt('Leases could not be extended.', () => this.extend());
    this.giveUpOverdue();
    if (performance.now() >= this.agentAt) {
      this.agentAt = performance.now() + AGENT_INTERVAL_MS;
      await this.attempt('The agent gave no sign of life.', () => this.signOfLife());
    }
    this.schedule(extended ? this.leaseMs / 3 : this.leaseMs / 12);
  }

  private async extend(): Promise<void> {
    const beaten = [...this.kept].filter(({ ending }) => !ending);
    if (beaten.length === 0) return;
    // Taken before the call: the server's lease ends later than what is believed here.
    const heldUntil = performance.now() + this.leaseMs;
    const leases = beaten.map(({ lease }) => lease);
    // Said each time: an earlier run may have claimed for longer or shorter.
    const asked = { leases, leaseSeconds: this.of.leaseSeconds };
    const { results } = await this.of.client.call('task.heartbeat', asked, this.limits());
    beaten.forEach((assignment, index) => this.take(assignment, results[index], heldUntil));
  }

  private async signOfLife(): Promise<void> {
    await this.of.client.call('agent.heartbeat', { id: this.of.agentId }, this.limits());
  }

  /** The next round is the repeat. */
  private limits(): { timeoutMs: number; patienceMs: number } {
    return { timeoutMs: this.leaseMs / 3, patienceMs: 0 };
  }

  private async attempt(failure: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.of.report.trouble(failure, error);
      return false;
    }
  }

  private take(assignment: Assignment, answer: HeartbeatResult | undefined, heldUntil: number): void {
    // It ended while the call was under way; the write that ends it says what became of it.
    if (assignment.ending) return;
    if (!answer || answer.code) return this.lose(assignment);
    assignment.heldUntil = heldUntil;
    if (answer.cancelRequested) assignment.abort('cancelled');
  }

  /** Nobody says that these are lost, but others may have them by now: leases of the other kinds are not taken away. */
  private giveUpOverdue(): void {
    for (const assignment of this.kept) {
      if (assignment.task.claimKind !== 'agent') continue;
      if (!assignment.ending && performance.now() >= assignment.heldUntil) this.lose(assignment);
    }
  }

  private lose(assignment: Assignment): void {
    assignment.abort('lease_lost');
    this.drop(assignment);
  }
}
