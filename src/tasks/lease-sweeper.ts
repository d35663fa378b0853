import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Leadership } from '../shared/events/index.js';
import { ClaimsRepository, type ExpiredLease } from './claims.repository.js';
import type { Task } from './task.entity.js';

/** How often the leader looks for leases that are over. A dead agent's task waits at most this much longer. */
const INTERVAL_MS = 1_000;
const LEADER_TTL_MS = 5_000;
const BATCH = 500;
const ACTOR = 'sweeper';

/** Gives back what agents hold no longer. One node at a time does it, by a leader row with a lease. */
@Injectable()
export class LeaseSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(LeaseSweeper.name);
  private timer?: NodeJS.Timeout;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly claims: ClaimsRepository,
    private readonly leadership: Leadership,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.running;
    await this.leadership.release('lease-sweeper');
  }

  /** Ends the attempts whose lease is over and returns how many there were. */
  async sweep(): Promise<number> {
    let swept = 0;
    // One tenant's trouble must not keep the leases of the others.
    const troubled = new Set<string>();
    for (;;) {
      const expired = await this.claims.expiredLeases(BATCH, [...troubled]);
      const ended = await Promise.allSettled(expired.map((lease) => this.expire(lease)));
      ended.forEach((outcome, index) => {
        const tenantId = expired[index]?.tenantId;
        if (outcome.status === 'fulfilled') swept += outcome.value ? 1 : 0;
        else if (tenantId && !troubled.has(tenantId)) {
          troubled.add(tenantId);
          this.logger.warn({
            msg: 'the leases of a tenant could not be ended',
            tenantId,
            err: outcome.reason as unknown,
          });
        }
      });
      if (expired.length < BATCH) return swept;
    }
  }

  private expire({ tenantId, taskId, epoch }: ExpiredLease): Promise<Task | undefined> {
    return this.claims.endAttempt(tenantId, {
      taskId,
      epoch,
      actorId: ACTOR,
      outcome: 'expired',
      error: { code: 'lease_expired', message: 'The agent was not heard of before its lease ended.' },
      retryable: true,
    });
  }

  private schedule(): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      this.running = this.round().finally(() => this.schedule());
    }, INTERVAL_MS);
    this.timer.unref();
  }

  private async round(): Promise<void> {
    try {
      if (!(await this.leadership.hold('lease-sweeper', LEADER_TTL_MS))) return;
      const swept = await this.sweep();
      if (swept > 0) this.logger.log({ msg: 'leases expired', count: swept });
    } catch (error) {
      this.logger.warn({ msg: 'the sweep failed and will be tried again', err: error });
    }
  }
}
