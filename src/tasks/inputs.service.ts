import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import type { JsonValue } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import { ClaimsRepository, type Held } from './claims.repository.js';
import { refuse } from './refusal.js';
import type { Task } from './task.entity.js';
import { bounded } from './task-json.js';
import { InvalidTransition } from './tasks.errors.js';
import { taskAwaitsInput, taskInputReceived } from './tasks.events.js';
import { TasksRepository } from './tasks.repository.js';

/** Questions that a holder has while it works, and their answers. */
@Injectable()
export class InputsService {
  constructor(
    private readonly claims: ClaimsRepository,
    private readonly tasks: TasksRepository,
    private readonly events: EventLog,
  ) {}

  /**
   * Suspends the attempt until somebody answers: lease and timeout stand still, and the holder goes on under the same
   * epoch. Only the deadline, a cancellation or a release end it meanwhile.
   * @throws NotFound, LeaseLost, InvalidTransition, CancelRequested
   */
  @Transactional()
  async awaitInput(caller: Caller, held: Held, request: JsonValue = null): Promise<Task> {
    bounded('request', request);
    const task = await this.claims.awaitInput(caller.tenantId, held, request);
    if (!task) return refuse(this.tasks, caller, held, 'awaiting_input');
    this.events.append(caller.tenantId, taskAwaitsInput(caller, task));
    return task;
  }

  /**
   * Answers a task that waits for input. Its lease begins anew; a holder that is gone loses it when it runs out, and the
   * next attempt finds the input.
   * @throws NotFound, InvalidTransition when the task does not wait for input
   */
  @Transactional()
  async giveInput(caller: Caller, taskId: string, input: JsonValue): Promise<Task> {
    bounded('input', input);
    const task = await this.claims.giveInput(caller.tenantId, taskId, input);
    if (!task) throw new InvalidTransition(await this.tasks.getForUpdate(caller.tenantId, taskId), 'in_progress');
    this.events.append(caller.tenantId, taskInputReceived(caller, task));
    return task;
  }
}
