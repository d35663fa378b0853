import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Leadership } from '../shared/events/index.js';
import { Rounds } from '../shared/resilience/index.js';
import { LocksService } from './locks.service.js';
import { PresenceService } from './presence.service.js';
import { UpkeepRepository } from './upkeep.repository.js';
import { WorkspaceSettings } from './workspace.settings.js';

const INTERVAL_MS = 15_000;
/** Asked for together with the seat of the tasks' sweeper, which asks more often. */
const LEADER_TTL_MS = 45_000;
const SEAT = 'workspace-upkeep';
const RETENTION_EVERY_MS = 3_600_000;
const BATCH = 1_000;

/** What one node at a time does for the workspaces: what ran out is told of, and old activity is deleted. */
@Injectable()
export class WorkspaceUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(WorkspaceUpkeep.name);
  private retentionAt = 0;
  private readonly rounds = new Rounds(
    () => this.round(),
    INTERVAL_MS,
    (error) => this.logger.warn({ msg: 'the workspaces could not be looked after and will be later', err: error }),
  );

  constructor(
    private readonly settings: WorkspaceSettings,
    private readonly upkeep: UpkeepRepository,
    private readonly presence: PresenceService,
    private readonly locks: LocksService,
    private readonly leadership: Leadership,
  ) {}

  onApplicationBootstrap(): void {
    this.rounds.begin();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
    await this.leadership.release(SEAT);
  }

  /** Answers how many presences and locks have run out. A tenant at which it fails does not keep the others back. */
  async expire(): Promise<number> {
    let expired = 0;
    for (const tenantId of await this.upkeep.tenantsWithExpired()) {
      try {
        expired += await this.expireOf(tenantId);
      } catch (error) {
        this.logger.error({ msg: 'it could not be told what ran out', tenantId, err: error });
      }
    }
    return expired;
  }

  /** Deletes activity that is older than it is kept; answers how much. */
  async retain(days = this.settings.activityRetentionDays): Promise<number> {
    let deleted = 0;
    if (days <= 0) return deleted;
    for (const tenantId of await this.upkeep.tenantsWithOldActivity(days)) {
      for (let gone = BATCH; gone === BATCH && !this.rounds.isStopped; deleted += gone) {
        gone = await this.upkeep.deleteOldActivity(tenantId, days, BATCH);
      }
    }
    return deleted;
  }

  private async expireOf(tenantId: string): Promise<number> {
    let expired = 0;
    for (const kind of [this.presence, this.locks]) {
      for (let gone = BATCH; gone === BATCH && !this.rounds.isStopped; expired += gone) {
        gone = await kind.expire(tenantId, BATCH);
      }
    }
    return expired;
  }

  private async round(): Promise<void> {
    if (!(await this.leadership.hold(SEAT, LEADER_TTL_MS))) return;
    await this.expire();
    if (performance.now() < this.retentionAt) return;
    const deleted = await this.retain();
    if (deleted > 0) this.logger.log({ msg: 'old activity was deleted', count: deleted });
    this.retentionAt = performance.now() + RETENTION_EVERY_MS;
  }
}
