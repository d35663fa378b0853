import { Body, Controller, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { PageQuery } from '../shared/http/index.js';
import {
  ConcurrencyKeyDto,
  ConcurrencyLimitDto,
  ConcurrencyLimitView,
  PauseDto,
  PausePage,
  PauseTargetDto,
  PauseView,
} from './dispatch.dto.js';
import { DispatchService } from './dispatch.service.js';

@Controller('v1/tasks')
@RequireScope('tasks:read')
export class DispatchController {
  constructor(private readonly dispatch: DispatchService) {}

  /** What is paused, by scope and subject, a page at a time. */
  @Get('pauses')
  async listPauses(@CurrentCaller() caller: Caller, @Query() query: PageQuery): Promise<PausePage> {
    return this.dispatch.listPauses(caller, query);
  }

  /** Tasks of a workspace or a type are not claimed any more, or an agent claims none. What is held goes on. */
  @Post('pause')
  @RequireScope('admin')
  @HttpCode(200)
  async pause(@CurrentCaller() caller: Caller, @Body() { reason, ...target }: PauseDto): Promise<PauseView> {
    return this.dispatch.pause(caller, target, reason);
  }

  /** Ends a pause. */
  @Post('resume')
  @RequireScope('admin')
  @HttpCode(204)
  async resume(@CurrentCaller() caller: Caller, @Body() target: PauseTargetDto): Promise<void> {
    await this.dispatch.resume(caller, target);
  }

  /** How many tasks of a concurrency key may run at once, and how many do. */
  @Get('concurrency-limit')
  async limit(@CurrentCaller() caller: Caller, @Query() { key }: ConcurrencyKeyDto): Promise<ConcurrencyLimitView> {
    return this.dispatch.getLimit(caller, key);
  }

  /** Sets how many tasks of a concurrency key may run at once. */
  @Put('concurrency-limit')
  @RequireScope('admin')
  async setLimit(@CurrentCaller() caller: Caller, @Body() body: ConcurrencyLimitDto): Promise<ConcurrencyLimitView> {
    return this.dispatch.setLimit(caller, body.key, body.limit);
  }
}
