import type { Caller } from '../shared/auth/index.js';
import { NotFound } from '../shared/errors/index.js';
import type { Held } from './claims.repository.js';
import type { TaskStatus } from './task-state.js';
import { CancelRequested, InvalidTransition, LeaseLost } from './tasks.errors.js';
import type { TasksRepository } from './tasks.repository.js';

/** Says why a write by a claimant found no row. @throws NotFound, LeaseLost, CancelRequested or InvalidTransition */
export async function refuse(tasks: TasksRepository, caller: Caller, held: Held, to: TaskStatus): Promise<never> {
  const task = await tasks.findCurrent(caller.tenantId, held.taskId);
  if (!task) throw new NotFound('task', held.taskId);
  if (task.epoch !== held.epoch || task.status === 'pending') throw new LeaseLost(task, held.epoch);
  if (task.status === 'in_progress' && task.cancelRequestedAt) throw new CancelRequested(task);
  throw new InvalidTransition(task, to);
}
