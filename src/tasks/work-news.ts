import { Injectable } from '@nestjs/common';
import { Wakeups } from '../shared/events/index.js';
import { ReadyPlaces } from './ready-places.js';
import { PRIORITIES, type Task } from './task.entity.js';
import { isHeld } from './task-state.js';

/** The topic on which claims that wait hear of work. */
export const WORK = 'work';

/** Tells claims where there is work now, those that wait and those that come. To be told after the commit. */
@Injectable()
export class WorkNews {
  constructor(
    private readonly wakeups: Wakeups,
    private readonly places: ReadyPlaces,
  ) {
    wakeups.onAnnouncedElsewhere(WORK, (tenantId) => places.readyElsewhere(tenantId));
  }

  /** These tasks have changed: some of them may be claimed now, or make room for others. */
  changed(tenantId: string, tasks: readonly Task[]): void {
    const claimable = tasks.filter(isClaimable);
    const freed = tasks.some(freesKey);
    if (freed) this.places.forget(tenantId);
    else if (claimable.length > 0) this.places.ready(tenantId, claimable);
    if (freed || claimable.length > 0) this.wakeups.announce(tenantId, WORK);
  }

  /** Any number of tasks were made at that time. */
  added(tenantId: string, readyAt: Date): void {
    this.places.ready(
      tenantId,
      PRIORITIES.map((priority) => ({ priority, readyAt, id: '' })),
    );
    this.wakeups.announce(tenantId, WORK);
  }

  /** What kept tasks from being claimed is gone: everything must be looked at. */
  opened(tenantId: string): void {
    this.places.forget(tenantId);
    this.wakeups.announce(tenantId, WORK);
  }
}

const isClaimable = ({ status, openBlockers, deletedAt }: Task): boolean =>
  (status === 'pending' || status === 'assigned') && openBlockers === 0 && deletedAt === null;

/** A place that its concurrency key kept from others is free. */
const freesKey = ({ concurrencyKey, epoch, status }: Task): boolean =>
  concurrencyKey !== null && epoch > 0 && !isHeld(status);
