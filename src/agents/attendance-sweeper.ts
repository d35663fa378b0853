import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Leadership } from '../shared/events/index.js';
import { Rounds } from '../shared/resilience/index.js';
import { AgentsRepository } from './agents.repository.js';
import { AgentsService } from './agents.service.js';

/** An agent is offline at most this much later than it should be. */
const INTERVAL_MS = 15_000;
/** Asked for together with the seat of the tasks' sweeper, which asks more often. */
const LEADER_TTL_MS = 45_000;
const BATCH = 500;
const SEAT = 'attendance-sweeper';
const ACTOR = 'sweeper';

/**
 * Sets agents offline that were attended and are no longer heard of, whatever became of the node that their connection
 * was with. One node at a time does it.
 */
@Injectable()
export class AttendanceSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AttendanceSweeper.name);
  private readonly rounds = new Rounds(
    () => this.round(),
    INTERVAL_MS,
    (error) => {
      this.keptSince = performance.now();
      this.logger.warn({ msg: 'the sweep of attended agents failed and will be tried again', err: error });
    },
  );
  /**
   * Since when signs of life could be kept, as far as this node knows. While all nodes or the database were away there
   * were none, so every agent has its full time from then on.
   */
  private keptSince = performance.now();

  constructor(
    private readonly agents: AgentsRepository,
    private readonly service: AgentsService,
    private readonly leadership: Leadership,
  ) {}

  onApplicationBootstrap(): void {
    this.rounds.begin();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
    await this.leadership.release(SEAT);
  }

  /** Answers how many agents are offline now. */
  async sweep(): Promise<number> {
    const ms = Math.round(performance.now() - this.keptSince);
    let absent = 0;
    for (const tenantId of await this.agents.tenantsWithAbsent(ms)) {
      const caller = { tenantId, actorId: ACTOR, scopes: [] };
      for (let ended = BATCH; ended === BATCH; absent += ended) {
        ended = await this.service.endAttendance(caller, ms, BATCH);
      }
    }
    return absent;
  }

  private async round(): Promise<void> {
    if (!(await this.leadership.hold(SEAT, LEADER_TTL_MS))) return;
    const absent = await this.sweep();
    if (absent > 0) this.logger.log({ msg: 'attended agents are gone', count: absent });
  }
}
