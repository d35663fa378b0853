import { Injectable } from '@nestjs/common';
import { type Agent, AgentsService } from '../agents/index.js';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { NotFound } from '../shared/errors/index.js';
import { DispatchRepository } from './dispatch.repository.js';
import { type Candidate, type Circumstances, explain, type Explanation } from './explanation.js';
import { ExplanationsRepository } from './explanations.repository.js';
import type { Task } from './task.entity.js';
import { hasEnded, isHeld } from './task-state.js';
import { TasksRepository } from './tasks.repository.js';

/** Says why tasks are where they are. */
@Injectable()
export class ExplanationsService {
  constructor(
    private readonly tasks: TasksRepository,
    private readonly explanations: ExplanationsRepository,
    private readonly dispatch: DispatchRepository,
    private readonly agents: AgentsService,
  ) {}

  /** Every reason why the task is not running, or what it is doing, as of one moment. @throws NotFound */
  @Transactional({ readOnly: true, readYourWrites: true, isolation: 'REPEATABLE READ' })
  async explain(caller: Caller, id: string): Promise<Explanation> {
    const task = await this.tasks.findCurrent(caller.tenantId, id);
    if (!task) throw new NotFound('task', id);
    return explain(await this.circumstances(caller, task));
  }

  private async circumstances(caller: Caller, task: Task): Promise<Circumstances> {
    const { tenantId } = caller;
    const alone = { task, blockers: [], pauses: [], capable: [], assignee: undefined, key: undefined, before: 0 };
    const now = await this.explanations.now();
    if (hasEnded(task.status) || isHeld(task.status)) return { now, ...alone };

    const blockers = await this.explanations.blockers(tenantId, task.id);
    const pending = task.status === 'pending';
    const capable = pending ? await this.agents.listCapable(caller, task.requiredCapabilities) : [];
    const assignee = task.assignedTo && !pending ? await this.agents.find(caller, task.assignedTo) : undefined;
    const agents = assignee ? [assignee] : capable;
    const ids = agents.map((agent) => agent.id);
    const held = await this.explanations.held(tenantId, ids);
    const candidate = ({ id, status, capacity }: Agent): Candidate => ({
      id,
      status,
      capacity,
      held: held.get(id) ?? 0,
    });
    return {
      now,
      task,
      blockers,
      pauses: await this.explanations.pauses(tenantId, task, ids),
      capable: capable.map(candidate),
      assignee: assignee && candidate(assignee),
      key: task.concurrencyKey === null ? undefined : await this.key(tenantId, task.concurrencyKey),
      before: pending && blockers.length === 0 ? await this.explanations.before(tenantId, task) : 0,
    };
  }

  private async key(tenantId: string, key: string): Promise<Circumstances['key']> {
    const limit = await this.dispatch.limit(tenantId, key);
    return limit && { ...limit, runners: await this.explanations.runners(tenantId, key) };
  }
}
