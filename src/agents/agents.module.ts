import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Agent } from './agent.entity.js';
import { AgentGauges } from './agent-gauges.js';
import { AttendanceSweeper } from './attendance-sweeper.js';
import { AgentsController } from './agents.controller.js';
import { AgentsRepository } from './agents.repository.js';
import { AgentsService } from './agents.service.js';

/** Needs the global modules of the database, the event log and the cache. */
@Module({
  imports: [TypeOrmModule.forFeature([Agent])],
  providers: [AgentGauges, AgentsRepository, AgentsService, AttendanceSweeper],
  exports: [AgentsRepository, AgentsService],
})
export class AgentsModule {}

/** The same with its routes. */
@Module({ imports: [AgentsModule], controllers: [AgentsController], exports: [AgentsModule] })
export class AgentsHttpModule {}
