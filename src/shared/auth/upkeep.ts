import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';

export interface UpkeepOptions {
  /** Pause between two rounds; default 10 min. 0 leaves the upkeep to others. */
  intervalMs?: number;
  /** Full months of the audit trail that are kept besides this one; default 12. */
  auditMonths?: number;
}

export const UPKEEP_OPTIONS = Symbol('upkeep options');

/** Records deleted by one statement, and statements of one round: 100,000 expired keys in ten minutes. */
const PURGE_LIMIT = 1_000;
const PURGE_ROUNDS = 100;

/** Removes what is past its time. Every node does it; they pass over each other's rows. */
@Injectable()
export class Upkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('upkeep');
  private readonly intervalMs: number;
  private readonly auditMonths: number;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly audit: AuditRepository,
    @Inject(UPKEEP_OPTIONS) options: UpkeepOptions,
  ) {
    this.intervalMs = options.intervalMs ?? 600_000;
    this.auditMonths = options.auditMonths ?? 12;
  }

  onApplicationBootstrap(): void {
    // Not at once: nodes that start together do not all begin with the same work.
    if (this.intervalMs > 0) this.schedule(Math.random() * Math.min(this.intervalMs, 30_000));
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** One round, bounded; a failure is logged and the next round tries again. */
  async run(): Promise<void> {
    try {
      const dropped = await this.audit.rotate(this.auditMonths);
      if (dropped.length > 0) this.logger.log({ msg: 'audit partitions dropped', dropped });
      for (let round = 0; round < PURGE_ROUNDS && !this.stopping; round++) {
        if ((await this.idempotency.purgeExpired(PURGE_LIMIT)) < PURGE_LIMIT) break;
      }
    } catch (error) {
      this.logger.warn({ msg: 'upkeep failed', err: error });
    }
  }

  private schedule(afterMs: number): void {
    this.timer = setTimeout(() => {
      this.running = this.run().finally(() => {
        if (!this.stopping) this.schedule(this.intervalMs);
      });
    }, afterMs).unref();
  }
}
