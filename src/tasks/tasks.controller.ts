import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { AcceptsBody, type BodyOptions, IdParam, IfMatch, SendsVersion } from '../shared/http/index.js';
import { CreateTaskDto, CreateTasksDto, GetTasksDto, ImportTasksDto, UpdateTaskDto } from './task.dto.js';
import { ListTasksDto } from './task-list.dto.js';
import { AttemptsView, BatchView, TaskPage, TasksByIdView, TaskView } from './task.view.js';
import { MAX_BATCH, TasksService } from './tasks.service.js';

const MANY: BodyOptions = { limit: 'batch', ndjson: { field: 'tasks', maxItems: MAX_BATCH } };

@Controller('v1/tasks')
@RequireScope('tasks:read')
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  /** Creates a task. */
  @Post()
  @RequireScope('tasks:write')
  @SendsVersion()
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateTaskDto): Promise<TaskView> {
    return TaskView.of(await this.tasks.create(caller, body));
  }

  /** Creates many tasks at once, all or none; they may depend on each other by `ref`. Also takes NDJSON, one a line. */
  @Post('batch')
  @RequireScope('tasks:write')
  @AcceptsBody(MANY)
  async createBatch(@CurrentCaller() caller: Caller, @Body() body: CreateTasksDto): Promise<BatchView> {
    return { items: await this.tasks.createBatch(caller, body.tasks) };
  }

  /** As batch, for tasks that come from elsewhere and may have ended there. */
  @Post('import')
  @RequireScope('admin')
  @AcceptsBody(MANY)
  async import(@CurrentCaller() caller: Caller, @Body() body: ImportTasksDto): Promise<BatchView> {
    return { items: await this.tasks.createBatch(caller, body.tasks) };
  }

  /** Tasks by their ids. It changes nothing; it is a POST because ids fill a URL. */
  @Post('get')
  @HttpCode(200)
  async getBatch(@CurrentCaller() caller: Caller, @Body() body: GetTasksDto): Promise<TasksByIdView> {
    const { items, missing } = await this.tasks.getBatch(caller, body.ids);
    return { items: items.map((task) => TaskView.of(task)), missing };
  }

  /** Tasks that fit all filters, a page at a time. */
  @Get()
  async list(@CurrentCaller() caller: Caller, @Query() query: ListTasksDto): Promise<TaskPage> {
    const page = await this.tasks.list(caller, query, { withTotal: query.withTotal });
    return { ...page, items: page.items.map((task) => TaskView.of(task)) };
  }

  /** One task. */
  @Get(':id')
  @SendsVersion()
  async get(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<TaskView> {
    return TaskView.of(await this.tasks.get(caller, id));
  }

  /** Its attempts, oldest first. */
  @Get(':id/attempts')
  async attempts(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<AttemptsView> {
    return { items: await this.tasks.attempts(caller, id) };
  }

  /** Changes the fields that are sent, if the task is still at the version of If-Match. */
  @Patch(':id')
  @RequireScope('tasks:write')
  @SendsVersion()
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() body: UpdateTaskDto,
  ): Promise<TaskView> {
    return TaskView.of(await this.tasks.update(caller, id, version, body));
  }

  /** Deletes a task that nobody works on and no unfinished task waits for. */
  @Delete(':id')
  @RequireScope('tasks:write')
  @HttpCode(204)
  async delete(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.tasks.delete(caller, id);
  }
}
