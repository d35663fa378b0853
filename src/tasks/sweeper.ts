import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Leadership } from '../shared/events/index.js';
import { Rounds } from '../shared/resilience/index.js';
import { ClaimsRepository } from './claims.repository.js';
import { LanesRepository } from './lanes.repository.js';
import { type AttemptEndDue, type AttemptFlag, type Due, type DueTask, SweepsRepository } from './sweeps.repository.js';
import type { Task } from './task.entity.js';

/** How often the leader looks for what is due. A dead agent's task waits at most this much longer. */
const INTERVAL_MS = 1_000;
/** How often lanes without tasks are looked for; one goes at the third look or later. */
const LANES_EVERY_MS = 10 * 60_000;
/** How long one round spends on them, about. */
const LANES_FOR_MS = 200;
/** Asked for in a third of it, which is every third look. */
const LEADER_TTL_MS = 6_500;
const BATCH = 500;
const ACTOR = 'sweeper';
const SEAT = 'task-sweeper';

const ENDS = {
  expired: { code: 'lease_expired', message: 'The agent was not heard of before its lease ended.' },
  timed_out: { code: 'timeout', message: 'The attempt took longer than its timeout.' },
};

/**
 * Ends what is past its lease, timeout or deadline, warns of what will be, and removes lanes that are not used any more. One
 * node at a time does it.
 */
@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(Sweeper.name);
  private readonly rounds = new Rounds(
    () => this.round(),
    INTERVAL_MS,
    (error) => this.logger.warn({ msg: 'the sweep failed and will be tried again', err: error }),
  );
  private lanesAt = 0;
  /** Tenants whose turn is still to come. */
  private untidied: string[] = [];

  constructor(
    private readonly sweeps: SweepsRepository,
    private readonly claims: ClaimsRepository,
    private readonly lanes: LanesRepository,
    private readonly leadership: Leadership,
  ) {}

  onApplicationBootstrap(): void {
    this.rounds.begin();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.rounds.stop();
    await this.leadership.release(SEAT);
  }

  /** Does what is due now, and returns how many tasks it was done for. */
  async sweep(): Promise<number> {
    let met = 0;
    // One tenant's trouble must not keep the others waiting.
    const troubled: string[] = [];
    for (;;) {
      const due = await this.sweeps.due(BATCH, troubled);
      const before = met;
      for (const [tenantId, ofTenant] of byTenant(due)) {
        try {
          met += await this.meet(tenantId, ofTenant);
        } catch (error) {
          troubled.push(tenantId);
          this.logger.warn({ msg: 'what is due for a tenant could not be done', tenantId, err: error });
        }
      }
      if (due.length < BATCH || met === before) return met;
    }
  }

  /**
   * Takes lanes without open tasks one step on towards their removal, and returns how many were removed. With many tenants
   * it is called again for the rest: what is due does not wait for it.
   */
  async tidyLanes(): Promise<number> {
    if (this.untidied.length === 0) {
      this.lanesAt = performance.now() + LANES_EVERY_MS;
      this.untidied = await this.lanes.tenants();
    }
    let removed = 0;
    for (const end = performance.now() + LANES_FOR_MS; performance.now() < end && !this.rounds.isStopped;) {
      const tenantId = this.untidied.pop();
      if (tenantId === undefined) break;
      try {
        removed += await this.lanes.tidy(tenantId);
      } catch (error) {
        this.logger.warn({ msg: 'the lanes of a tenant could not be tidied', tenantId, err: error });
      }
    }
    return removed;
  }

  private async meet(tenantId: string, tasks: readonly DueTask[]): Promise<number> {
    const over = tasks.filter((task): task is DueTask & { due: AttemptEndDue } => endsAttempt(task.due));
    const ended = await Promise.all(over.map((task) => this.end(task, task.due)));
    const flags = tasks.flatMap((task) => (isFlag(task.due) ? { ...task, due: task.due } : []));
    const flagged = flags.length > 0 ? await this.sweeps.flag(tenantId, flags, ACTOR) : [];
    const ids = tasks.filter((task) => task.due === 'deadline').map((task) => task.taskId);
    const timed = ids.length > 0 ? await this.sweeps.meetDeadlines(tenantId, ids, ACTOR) : [];
    return ended.filter(Boolean).length + flagged.length + timed.length;
  }

  private end({ tenantId, taskId, epoch }: DueTask, outcome: AttemptEndDue): Promise<Task | undefined> {
    const end = { taskId, epoch, outcome, actorId: ACTOR, error: ENDS[outcome], retryable: true };
    return this.claims.endAttempt(tenantId, end);
  }

  private async round(): Promise<void> {
    if (!(await this.leadership.hold(SEAT, LEADER_TTL_MS))) return;
    const met = await this.sweep();
    if (met > 0) this.logger.log({ msg: 'due attempts and deadlines met', count: met });
    if (this.untidied.length === 0 && performance.now() < this.lanesAt) return;
    const removed = await this.tidyLanes();
    if (removed > 0) this.logger.log({ msg: 'lanes without tasks removed', count: removed });
  }
}

const endsAttempt = (due: Due): due is AttemptEndDue => due in ENDS;
const isFlag = (due: Due): due is AttemptFlag => !endsAttempt(due) && due !== 'deadline';

function byTenant(due: readonly DueTask[]): Map<string, DueTask[]> {
  const groups = new Map<string, DueTask[]>();
  for (const task of due) {
    const group = groups.get(task.tenantId);
    if (group) group.push(task);
    else groups.set(task.tenantId, [task]);
  }
  return groups;
}
