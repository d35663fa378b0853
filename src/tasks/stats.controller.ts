import { Controller, Get, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, type Page, PageQuery } from '../shared/http/index.js';
import { TaskStatsDto, TreeDto, WorkloadDto } from './stats.dto.js';
import { StatsService } from './stats.service.js';
import { type TaskStatsView, type TreeView, type WorkloadView } from './stats.view.js';
import type { Task } from './task.entity.js';
import { type TaskPage, TaskView } from './task.view.js';

@Controller('v1/tasks')
@RequireScope('tasks:read')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  /** Totals by status, priority, type and agent, what is ready, and how long tasks take. */
  @Get('stats')
  async get(@CurrentCaller() caller: Caller, @Query() query: TaskStatsDto): Promise<TaskStatsView> {
    return this.stats.get(caller, query);
  }

  /** What an agent has to do, does and has done today. */
  @Get('workload')
  async workload(@CurrentCaller() caller: Caller, @Query() { agentId }: WorkloadDto): Promise<WorkloadView> {
    return this.stats.workload(caller, agentId);
  }

  /** Open tasks past their deadline, or held past their time; those that have been so for longest coming first. */
  @Get('overdue')
  async overdue(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<TaskPage> {
    return viewOf(await this.stats.overdue(caller, query));
  }

  /** Its children in order of creation, a page at a time. */
  @Get(':id/subtasks')
  async subtasks(@CurrentCaller() caller: Caller, @IdParam() id: string, @Query() query: PageQuery): Promise<TaskPage> {
    return viewOf(await this.stats.subtasks(caller, id, query));
  }

  /** The task and what is below it, down to a depth. */
  @Get(':id/tree')
  async tree(@CurrentCaller() caller: Caller, @IdParam() id: string, @Query() { depth }: TreeDto): Promise<TreeView> {
    const { task, descendants, truncated } = await this.stats.tree(caller, id, depth);
    const below = descendants.map((one) => ({ task: TaskView.of(one.task), depth: one.depth }));
    return { task: TaskView.of(task), descendants: below, truncated };
  }
}

const viewOf = (page: Page<Task>): TaskPage => ({ ...page, items: page.items.map((task) => TaskView.of(task)) });
