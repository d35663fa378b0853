import { DomainError, type ErrorKind } from '../shared/errors/index.js';
import type { Task } from './task.entity.js';
import { allowedFrom, type TaskStatus } from './task-state.js';

/** The writer's epoch is not the newest, or the task is no longer held: somebody else has it, or will. */
export class LeaseLost extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'lease_lost';

  constructor(task: Task, given: number) {
    const lease = `The lease of epoch ${given} on task ${task.id} ${given > task.epoch ? 'was never given' : 'is over'}`;
    super(`${lease}: the task is ${task.status} at epoch ${task.epoch}. Stop working on it.`, {
      taskId: task.id,
      givenEpoch: given,
      currentEpoch: task.epoch,
      currentOwner: task.assignedTo,
      taskStatus: task.status,
    });
  }
}

export class InvalidTransition extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'invalid_transition';

  constructor(task: Task, to: TaskStatus) {
    const allowed = allowedFrom(task.status);
    super(`The task ${task.id} is ${task.status} and cannot become ${to}.`, {
      taskId: task.id,
      taskStatus: task.status,
      allowed: [...allowed],
    });
  }
}

/** Work in progress cannot be deleted: its holder must end it first. */
export class TaskInProgress extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'task_in_progress';

  constructor(task: Task) {
    super(`The task ${task.id} is in progress and cannot be deleted.`, {
      taskId: task.id,
      assignedTo: task.assignedTo,
    });
  }
}

/** Others wait for it; were it gone, they would wait for ever. */
export class TaskBlocksOthers extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'task_blocks_others';

  constructor(task: Task, dependants: string[]) {
    super(`The task ${task.id} cannot be deleted: other tasks wait for it.`, { taskId: task.id, dependants });
  }
}

/** Why a new task, or a batch of them, was refused, and which field caused it by which rule. Nothing was made. */
export class RefusedField extends DomainError {
  readonly kind: ErrorKind;
  readonly code: string;

  /**
   * @param field such as `dependsOn[0].taskId` or `tasks[3].workspaceId`
   * @param rule such as `exists`
   */
  constructor(field: string, rule: string, why: DomainError) {
    super(`${field}: ${why.message}`, { ...why.details, field, rule });
    this.kind = why.kind;
    this.code = why.code;
  }
}

/** Tasks of one batch wait for each other in a circle, or are their own forefathers. */
export class DependencyCycle extends DomainError {
  readonly kind = 'unprocessable';
  readonly code = 'dependency_cycle';

  constructor(path: string[]) {
    super(`These tasks wait for each other, or descend from each other, in a circle: ${path.join(' → ')}.`, { path });
  }
}

/** Another open task has the dedupe key. */
export class DuplicateTask extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'duplicate_task';

  /** @param taskId the open task; none when it has ended since, or is of the same batch */
  constructor(
    readonly dedupeKey: string,
    taskId?: string,
  ) {
    const who = taskId ? 'An open task' : 'Another task of this batch, or one that has just ended,';
    super(`${who} has the dedupe key ${dedupeKey}; wait for its end, or use it instead.`, {
      dedupeKey,
      taskId: taskId ?? null,
    });
  }
}

/** A subtask of a cancelled task would never be cancelled with it. */
export class ParentCancelled extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'parent_cancelled';

  constructor(parentTaskId: string) {
    super(`The task ${parentTaskId} is cancelled, or asked to stop, and takes no subtasks.`, { parentTaskId });
  }
}

/** Only a task that nobody has begun can be made to wait for another. */
export class TaskNotWaiting extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'task_not_waiting';

  constructor(task: Task) {
    super(`The task ${task.id} is ${task.status}: it cannot be made to wait any more.`, {
      taskId: task.id,
      taskStatus: task.status,
    });
  }
}

/** Who is asked to stop cannot wait for an answer that nobody will give. */
export class CancelRequested extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'cancel_requested';

  constructor(task: Task) {
    super(`The cancellation of the task ${task.id} was asked for; release it.`, {
      taskId: task.id,
      reason: task.cancelReason,
    });
  }
}

/** A retry would be ended at once: move the deadline first. */
export class DeadlinePassed extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'deadline_passed';

  constructor(task: Task) {
    super(`The deadline of the task ${task.id} has passed; change it before the task is tried again.`, {
      taskId: task.id,
      deadline: task.deadline?.toISOString() ?? null,
    });
  }
}
