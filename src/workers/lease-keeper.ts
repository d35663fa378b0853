import { Injectable, Logger } from '@nestjs/common';
import { within } from '../shared/resilience/index.js';
import { ClaimsService, type HeartbeatResult } from '../tasks/index.js';
import type { Assignment } from './assignment.js';
import { WorkerAgent } from './worker-agent.js';

/** `cancelRequested`: somebody wants the work to end. */
type Answer = HeartbeatResult & { cancelRequested?: boolean };

/** The agent's own sign of life, in ms; leases may need to be extended more often. */
const AGENT_INTERVAL_MS = 20_000;

/**
 * Extends the leases of what runs, all of them in one call every third of their time. When a call fails, the next one
 * comes after a twelfth, and what could not be extended in time counts as lost.
 */
@Injectable()
export class LeaseKeeper {
  private readonly logger = new Logger('worker');
  private readonly leaseMs: number;
  private readonly kept = new Set<Assignment>();
  private timer?: NodeJS.Timeout;
  private agentAt = performance.now() + AGENT_INTERVAL_MS;
  private stopped = false;

  constructor(
    private readonly claims: ClaimsService,
    private readonly agent: WorkerAgent,
  ) {
    this.leaseMs = agent.leaseMs;
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
    if (this.stopped) return;
    this.timer = setTimeout(() => void this.round(), ms);
  }

  private async round(): Promise<void> {
    const extended = await this.attempt('leases could not be extended', () => this.extend());
    this.giveUpOverdue();
    if (performance.now() >= this.agentAt) {
      this.agentAt = performance.now() + AGENT_INTERVAL_MS;
      await this.attempt('the agent gave no sign of life', () => this.agent.heartbeat());
    }
    this.schedule(extended ? this.leaseMs / 3 : this.leaseMs / 12);
  }

  private async extend(): Promise<void> {
    const beaten = [...this.kept].filter((assignment) => !assignment.isEnding);
    if (beaten.length === 0) return;
    // Taken before the call: the database's lease ends later than what is believed here.
    const heldUntil = performance.now() + this.leaseMs;
    const leases = beaten.map(({ lease }) => lease);
    const answers: Answer[] = await this.claims.heartbeat(this.agent.caller, leases);
    beaten.forEach((assignment, index) => this.take(assignment, answers[index], heldUntil));
  }

  /** Whether `work` came to its end in a third of the lease's time. */
  private async attempt(failure: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await within(this.leaseMs / 3, 'The heartbeat', work());
      return true;
    } catch (error) {
      this.logger.warn({ msg: failure, leases: this.kept.size, err: error });
      return false;
    }
  }

  private take(assignment: Assignment, answer: Answer | undefined, heldUntil: number): void {
    // It ended while the call was under way; the write that ends it says what became of it.
    if (assignment.isEnding) return;
    if (!answer || answer.code) return this.lose(assignment);
    // An earlier call may be answered after a later one.
    assignment.heldUntil = Math.max(assignment.heldUntil, heldUntil);
    if (answer.cancelRequested) assignment.abort('cancelled');
  }

  /** Nobody says that these are lost, but others may have them by now. */
  private giveUpOverdue(): void {
    for (const assignment of this.kept) {
      if (!assignment.isEnding && performance.now() >= assignment.heldUntil) this.lose(assignment);
    }
  }

  private lose(assignment: Assignment): void {
    const { taskId, epoch } = assignment.lease;
    this.logger.warn({ msg: 'a lease was lost', taskId, epoch });
    assignment.abort('lease_lost');
    this.drop(assignment);
  }
}
