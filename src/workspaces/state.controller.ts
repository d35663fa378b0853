import { Body, Controller, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, IfMatch, PageQuery, SendsVersion } from '../shared/http/index.js';
import { ReadState, RestoreState, StateEntryView, StateHistoryPage, StateView, UpdateState } from './state.dto.js';
import { StateService } from './state.service.js';

/** What a workspace's agents and people know together, as one JSON object. */
@Controller('v1/workspaces/:id/state')
@RequireScope('workspaces:read')
export class StateController {
  constructor(private readonly states: StateService) {}

  /** The state, or an earlier version of it. Before it was written first it is empty, of version 0. */
  @Get()
  @SendsVersion()
  async get(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() { version }: ReadState,
  ): Promise<StateView> {
    return StateView.of(await this.states.get(caller, id, version));
  }

  /** Replaces the state, if it is still what was read. */
  @Put()
  @RequireScope('workspaces:write')
  @SendsVersion()
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() { state }: UpdateState,
  ): Promise<StateView> {
    return StateView.of(await this.states.update(caller, id, version, state));
  }

  /** The last hundred versions, newest first. */
  @Get('history')
  async history(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() { limit, after }: PageQuery,
  ): Promise<StateHistoryPage> {
    const page = await this.states.history(caller, id, limit, after);
    return { ...page, items: page.items.map(StateEntryView.of) };
  }

  /** Writes the content of an earlier version once more, as a new version. */
  @Post('restore')
  @HttpCode(200)
  @RequireScope('workspaces:write')
  @SendsVersion()
  async restore(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() { version: earlier }: RestoreState,
  ): Promise<StateView> {
    return StateView.of(await this.states.restore(caller, id, version, earlier));
  }
}
