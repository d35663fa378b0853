import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import {
  ChangeSharedState,
  MergeSharedState,
  ReadDelta,
  SharedStateChanges,
  SharedStateDelta,
  SharedStatePlaceView,
  SharedStateView,
} from './shared-state.dto.js';
import { SharedStateService } from './shared-state.service.js';

/** JSON that many change at once, here and as replicas elsewhere: counters, sets, and values by path. */
@Controller('v1/workspaces/:id/shared-state')
@RequireScope('workspaces:read')
export class SharedStateController {
  constructor(private readonly states: SharedStateService) {}

  /** The state as plain JSON, and its clock. */
  @Get()
  get(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<SharedStateView> {
    return this.states.get(caller, id);
  }

  /** Performs operations in their order, all or none. */
  @Post('operations')
  @HttpCode(200)
  @RequireScope('workspaces:write')
  perform(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { operations }: ChangeSharedState,
  ): Promise<SharedStateChanges> {
    return this.states.perform(caller, id, operations);
  }

  /** Merges a replica's state, or a delta of it. */
  @Post('merge')
  @HttpCode(200)
  @RequireScope('workspaces:write')
  merge(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { replica, state }: MergeSharedState,
  ): Promise<SharedStatePlaceView> {
    return this.states.merge(caller, id, replica, state);
  }

  /** What a replica lacks. */
  @Get('deltas')
  delta(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() { since }: ReadDelta,
  ): Promise<SharedStateDelta> {
    return this.states.delta(caller, id, since);
  }
}
