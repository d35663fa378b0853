import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuditRepository } from '../audit/audit.repository.js';
import { Rounds } from '../resilience/index.js';
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
  private readonly rounds: Rounds;

  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly audit: AuditRepository,
    @Inject(UPKEEP_OPTIONS) options: UpkeepOptions,
  ) {
    this.intervalMs = options.intervalMs ?? 600_000;
    this.auditMonths = options.auditMonths ?? 12;
    this.rounds = new Rounds(
      () => this.run(),
      this.intervalMs,
      (error) => this.logger.warn({ msg: 'upkeep failed', err: error }),
    );
  }

  onApplicationBootstrap(): void {
    // Not at once: nodes that start together do not all begin with the same work.
    if (this.intervalMs > 0) this.rounds.begin(Math.random() * Math.min(this.intervalMs, 30_000));
  }

  onApplicationShutdown(): Promise<void> {
    return this.rounds.stop();
  }

  /** One round, bounded. */
  async run(): Promise<void> {
    const dropped = await this.audit.rotate(this.auditMonths);
    if (dropped.length > 0) this.logger.log({ msg: 'audit partitions dropped', dropped });
    for (let round = 0; round < PURGE_ROUNDS && !this.rounds.isStopped; round++) {
      if ((await this.idempotency.purgeExpired(PURGE_LIMIT)) < PURGE_LIMIT) break;
    }
  }
}
