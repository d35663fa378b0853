import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { DomainError, InvalidInput } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import { currentTraceparent } from '../shared/metrics/index.js';
import { type DeadTasks, RetriesRepository } from './retries.repository.js';
import type { Task } from './task.entity.js';
import { DeadlinePassed, InvalidTransition } from './tasks.errors.js';
import { taskRetried, tasksBlocked } from './tasks.events.js';
import { TasksRepository } from './tasks.repository.js';

/** Tasks of one bulk retry at most. */
export const MAX_RETRIES = 1_000;

export interface Cancelled {
  /** As it is now: cancelled, or asked to stop. */
  task: Task;
  cancelled: number;
  requested: number;
}

export interface Retried {
  tasks: Task[];
  refused: { taskId: string; code: string }[];
  /** Whether more tasks fit: ask again. */
  hasMore: boolean;
}

/** What others than the holder do to a task: cancel it, or have it tried again. */
@Injectable()
export class InterventionsService {
  constructor(
    private readonly tasks: TasksRepository,
    private readonly retries: RetriesRepository,
    private readonly events: EventLog,
  ) {}

  /**
   * Cancels a task that nobody works on; a holder is asked to stop. With `tree` its descendants too.
   * @throws NotFound, InvalidTransition for a task that is completed or cancelled
   */
  @Transactional({ retries: 5 })
  async cancel(caller: Caller, id: string, options: { reason?: string; tree?: boolean } = {}): Promise<Cancelled> {
    const task = await this.tasks.getForUpdate(caller.tenantId, id);
    const { tasks, ended } = await this.tasks.cancel(caller.tenantId, id, {
      tree: options.tree ?? false,
      reason: options.reason ?? null,
      actorId: caller.actorId,
      trace: currentTraceparent() ?? null,
    });
    // What was cancelled may lose a blocker besides, and comes twice then: last as it is now.
    const changed = new Map(tasks.map((one) => [one.id, one]));
    const alone = task.status === 'completed' || task.status === 'cancelled';
    if (alone && changed.size === 0) throw new InvalidTransition(task, 'cancelled');
    return {
      task: changed.get(id) ?? task,
      cancelled: [...ended].filter((one) => one.status === 'cancelled').length,
      requested: [...changed.values()].filter((one) => one.status === 'in_progress').length,
    };
  }

  /**
   * Puts a failed or timed-out task back to pending, its attempts counted anew. The policy of an edge whose blocker has
   * ended otherwise than it needs applies at once: try the blocker again first, or remove the edge.
   * @throws NotFound, InvalidTransition, DeadlinePassed, DuplicateTask
   */
  @Transactional({ propagation: 'nested', retries: 5 })
  async retry(caller: Caller, id: string): Promise<Task> {
    // Before the task, in the order in which the end of a blocker locks them.
    const blockers = await this.retries.lockFor(caller.tenantId, id);
    const before = await this.tasks.getForUpdate(caller.tenantId, id);
    const task = await this.retries.retry(caller.tenantId, id);
    if (task) {
      this.events.append(caller.tenantId, taskRetried(caller, task));
      const ended = await this.tasks.settle(caller.tenantId, blockers, [id]);
      this.events.append(caller.tenantId, ...tasksBlocked(caller, ended));
      return ended.find((one) => one.id === id) ?? task;
    }
    const isDead = before.status === 'failed' || before.status === 'timeout';
    throw isDead ? new DeadlinePassed(before) : new InvalidTransition(before, 'pending');
  }

  /**
   * As `retry`, for many: each is tried again or refused by itself, at most a thousand a call. Of `ids`, those that no
   * task has, or none that fits the other conditions, are refused as not found.
   */
  async retryMany(caller: Caller, dead: DeadTasks): Promise<Retried> {
    if (!dead.ids && !dead.types && !dead.workspaceIds) {
      throw InvalidInput.of('ids', 'isDefined', 'Name the tasks by ids, types or workspaceIds');
    }
    const ids = await this.retries.dead(caller.tenantId, dead, MAX_RETRIES + 1);
    const result: Retried = { tasks: [], refused: [], hasMore: ids.length > MAX_RETRIES };
    const known = new Set(ids);
    for (const taskId of dead.ids ?? []) if (!known.has(taskId)) result.refused.push({ taskId, code: 'not_found' });
    for (const id of ids.slice(0, MAX_RETRIES)) {
      try {
        result.tasks.push(await this.retry(caller, id));
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind === 'unavailable') throw error;
        result.refused.push({ taskId: id, code: error.code });
      }
    }
    return result;
  }
}
