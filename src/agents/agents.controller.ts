import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Audit } from '../shared/audit/index.js';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, IfMatch, SendsVersion } from '../shared/http/index.js';
import {
  AgentHeartbeat,
  AgentPage,
  AgentView,
  ChangeAgentStatus,
  ListAgents,
  RegisterAgent,
  UpdateAgent,
} from './agent.dto.js';
import { AgentsService } from './agents.service.js';

@Controller('v1/agents')
@RequireScope('agents:write')
export class AgentsController {
  constructor(private readonly agents: AgentsService) {}

  /** Registers an agent, which can claim at once. A name that is there already answers 200 with that agent, updated. */
  @Post()
  @ApiOkResponse({ type: AgentView, description: 'The agent of that name, which there was already.' })
  @SendsVersion()
  async register(
    @CurrentCaller() caller: Caller,
    @Body() body: RegisterAgent,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AgentView> {
    const { agent, created } = await this.agents.register(caller, body);
    reply.status(created ? 201 : 200);
    return AgentView.of(agent);
  }

  /** Agents, oldest first unless sorted otherwise. */
  @Get()
  @RequireScope('agents:read')
  async list(@CurrentCaller() caller: Caller, @Query() query: ListAgents): Promise<AgentPage> {
    const page = await this.agents.list(caller, query);
    return { ...page, items: page.items.map(AgentView.of) };
  }

  @Get(':id')
  @RequireScope('agents:read')
  @SendsVersion()
  async get(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<AgentView> {
    return AgentView.of(await this.agents.get(caller, id));
  }

  /** Changes the fields that are sent. */
  @Patch(':id')
  @SendsVersion()
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() body: UpdateAgent,
  ): Promise<AgentView> {
    return AgentView.of(await this.agents.update(caller, id, version, body));
  }

  /** Removes an agent and frees its name. It claims nothing more; the leases it holds run out. */
  @Delete(':id')
  @HttpCode(204)
  async delete(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.agents.delete(caller, id);
  }

  /** A sign of life; an agent that was offline becomes active. */
  @Post(':id/heartbeat')
  @HttpCode(200)
  @Audit('never')
  heartbeat(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<AgentHeartbeat> {
    return this.agents.heartbeat(caller, id);
  }

  /** Takes an agent out of service and back. 409 `invalid_transition` names what it can become. */
  @Post(':id/status')
  @HttpCode(200)
  @SendsVersion()
  async changeStatus(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { status }: ChangeAgentStatus,
  ): Promise<AgentView> {
    return AgentView.of(await this.agents.changeStatus(caller, id, status));
  }
}
