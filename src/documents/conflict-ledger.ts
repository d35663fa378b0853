import { Injectable } from '@nestjs/common';
import { EventLog } from '../shared/events/index.js';
import type { Conflict, NewConflict, Strategy } from './conflict.js';
import { ConflictsRepository } from './conflicts.repository.js';
import type { SharedDocument } from './document.entity.js';
import { documentConflicted } from './documents.events.js';
import { OperationsRepository } from './operations.repository.js';

/** What a merge found. */
export type Found = Pick<NewConflict, 'kind' | 'path' | 'base' | 'current' | 'proposed'>;

/** Where every side of what did not merge is kept. */
@Injectable()
export class ConflictLedger {
  constructor(
    private readonly conflicts: ConflictsRepository,
    private readonly operations: OperationsRepository,
    private readonly events: EventLog,
  ) {}

  /** Writes down what a change from `baseVersion` conflicts with, and tells the feed. */
  async note(
    actorId: string,
    before: SharedDocument,
    baseVersion: number,
    { found, strategy }: { found: readonly Found[]; strategy: Strategy },
  ): Promise<Conflict[]> {
    if (found.length === 0) return [];
    const { tenantId, id } = before;
    const baseClock = (await this.operations.clockAt(tenantId, id, baseVersion)) ?? {};
    const circumstances = {
      baseVersion,
      currentVersion: before.version,
      baseClock,
      currentClock: before.vectorClock,
      proposedClock: { ...baseClock, [actorId]: (baseClock[actorId] ?? 0) + 1 },
      strategy,
      proposedBy: actorId,
      ...(strategy === 'latest_wins' && { resolution: 'proposed' as const }),
    };
    const conflicts: Conflict[] = [];
    for (const one of found) conflicts.push(await this.conflicts.record(tenantId, id, { ...circumstances, ...one }));
    this.events.append(tenantId, documentConflicted(actorId, before, conflicts));
    return conflicts;
  }
}
