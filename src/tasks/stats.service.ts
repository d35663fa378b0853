import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/index.js';
import type { Caller } from '../shared/auth/index.js';
import type { Page } from '../shared/http/index.js';
import { type Descendant, type StatsFilter, StatsRepository } from './stats.repository.js';
import type { TaskStatsView, WorkloadView } from './stats.view.js';
import type { Task } from './task.entity.js';
import { TasksRepository } from './tasks.repository.js';

/** Tasks of one tree that are shown. */
const MAX_TREE = 1_000;

/** Numbers and reports over many tasks. */
@Injectable()
export class StatsService {
  constructor(
    private readonly stats: StatsRepository,
    private readonly tasks: TasksRepository,
    private readonly agents: AgentsService,
  ) {}

  async get(caller: Caller, filter: StatsFilter = {}): Promise<TaskStatsView> {
    const [counts, queue, durations] = await Promise.all([
      this.stats.counts(caller.tenantId, filter),
      this.stats.queue(caller.tenantId, filter),
      this.stats.durations(caller.tenantId, filter),
    ]);
    return { ...counts, ...queue, ...durations };
  }

  /** @throws NotFound */
  async workload(caller: Caller, id: string): Promise<WorkloadView> {
    const { id: agentId, status, capacity } = await this.agents.get(caller, id);
    return { agentId, status, capacity, ...(await this.stats.workload(caller.tenantId, agentId)) };
  }

  /** Open tasks past their deadline, or held past their time; those that have been so for longest coming first. */
  overdue(caller: Caller, page: { after?: string; limit?: number } = {}): Promise<Page<Task>> {
    return this.stats.overdue(caller.tenantId, { after: page.after, limit: page.limit ?? 50 });
  }

  /** Its children in order of creation, a page at a time. @throws NotFound */
  async subtasks(caller: Caller, id: string, page: { after?: string; limit?: number } = {}): Promise<Page<Task>> {
    await this.tasks.get(caller.tenantId, id);
    return this.tasks.list(caller.tenantId, { limit: 50, ...page, parentTaskId: id });
  }

  /** What is below it, down to a depth, a thousand tasks at most. @throws NotFound */
  async tree(
    caller: Caller,
    id: string,
    depth = 5,
  ): Promise<{ task: Task; descendants: Descendant[]; truncated: boolean }> {
    const task = await this.tasks.get(caller.tenantId, id);
    const found = await this.stats.descendants(caller.tenantId, id, depth, MAX_TREE + 1);
    return { task, descendants: found.slice(0, MAX_TREE), truncated: found.length > MAX_TREE };
  }
}
