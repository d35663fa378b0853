import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import { AwaitInputDto, CancelDto, InputDto } from './claim.dto.js';
import { CancelledView, TaskAnswer } from './claim.view.js';
import { RetriedView, RetryTasksDto } from './dispatch.dto.js';
import { EdgesService } from './edges.service.js';
import { InputsService } from './inputs.service.js';
import { InterventionsService } from './interventions.service.js';
import { DependencyDto, EdgeKindQuery } from './task.dto.js';
import { EdgesView, EdgeView, TaskView } from './task.view.js';

@Controller('v1/tasks')
@RequireScope('tasks:write')
export class InterventionsController {
  constructor(
    private readonly interventions: InterventionsService,
    private readonly inputs: InputsService,
    private readonly edges: EdgesService,
  ) {}

  /** Tries failed and timed-out tasks again, a thousand a call; each is answered for itself. */
  @Post('retry')
  @HttpCode(200)
  async retryMany(@CurrentCaller() caller: Caller, @Body() body: RetryTasksDto): Promise<RetriedView> {
    const { tasks, ...rest } = await this.interventions.retryMany(caller, body);
    return { items: tasks.map((task) => TaskView.of(task)), ...rest };
  }

  /** Tries a failed or timed-out task again, its attempts counted anew. */
  @Post(':id/retry')
  @HttpCode(200)
  async retry(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<TaskAnswer> {
    return { task: TaskView.of(await this.interventions.retry(caller, id)) };
  }

  /** Cancels a task that nobody works on, or asks its holder to stop; with `tree` its subtasks too. */
  @Post(':id/cancel')
  @HttpCode(200)
  async cancel(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() body: CancelDto,
  ): Promise<CancelledView> {
    const { task, ...counts } = await this.interventions.cancel(caller, id, body);
    return { task: TaskView.of(task), ...counts };
  }

  /** Suspends the attempt until input is given; its lease and its timeout stand still. */
  @Post(':id/await-input')
  @HttpCode(200)
  async awaitInput(
    @CurrentCaller() caller: Caller,
    @IdParam() taskId: string,
    @Body() { epoch, request }: AwaitInputDto,
  ): Promise<TaskAnswer> {
    return { task: TaskView.of(await this.inputs.awaitInput(caller, { taskId, epoch }, request)) };
  }

  /** Answers a task that waits for input; its holder goes on. */
  @Post(':id/input')
  @HttpCode(200)
  async giveInput(
    @CurrentCaller() caller: Caller,
    @IdParam() taskId: string,
    @Body() { input }: InputDto,
  ): Promise<TaskAnswer> {
    return { task: TaskView.of(await this.inputs.giveInput(caller, taskId, input)) };
  }

  /** What it depends on and what depends on it. */
  @Get(':id/edges')
  @RequireScope('tasks:read')
  async list(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<EdgesView> {
    return { items: await this.edges.list(caller, id) };
  }

  /** Makes the task depend on another one. */
  @Post(':id/edges')
  async add(@CurrentCaller() caller: Caller, @IdParam() id: string, @Body() body: DependencyDto): Promise<EdgeView> {
    return this.edges.add(caller, id, body);
  }

  /** The task depends on the other one no longer. */
  @Delete(':id/edges/:blockerId')
  @HttpCode(204)
  async remove(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('blockerId') blockerId: string,
    @Query() { kind = 'blocks' }: EdgeKindQuery,
  ): Promise<void> {
    await this.edges.remove(caller, id, blockerId, kind);
  }
}
