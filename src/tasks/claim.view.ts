import { Whole } from '../shared/http/index.js';
import { TaskStatus } from './task-state.js';
import { type TaskView } from './task.view.js';

export class LeaseView {
  task: TaskView;
  /** Every later write by the claimant carries it. */
  @Whole()
  epoch: number;
  leaseExpiresAt: Date;
}

export class LeasesView {
  leases: LeaseView[];
}

export class HeartbeatResultView {
  taskId: string;
  /** What the task is now; `unknown` when there is none. */
  status: TaskStatus | 'unknown';
  /** Until when it was extended. */
  leaseExpiresAt?: Date;
  /** The attempt is over by then, and the task by its deadline: the earlier of the two. */
  endsAt?: Date;
  /** Three quarters of that time are over. */
  endsSoon?: boolean;
  /** Stop working on the task, and release it. */
  cancelRequested?: boolean;
  /** Why it was not extended: stop working on the task. */
  code?: 'lease_lost' | 'not_found';
}

export class HeartbeatResultsView {
  /** In the order given. */
  results: HeartbeatResultView[];
}

export class TaskAnswer {
  task: TaskView;
}

export class CompletedView extends TaskAnswer {
  /** What `claimNext` claimed; absent when there was nothing. */
  next?: LeaseView;
}

export class CancelledView {
  /** As it is now: cancelled, or asked to stop. */
  task: TaskView;
  /** How many tasks were cancelled, it included. */
  @Whole()
  cancelled: number;
  /** How many holders were asked to stop. */
  @Whole()
  requested: number;
}
