import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/index.js';
import { WorkspacesModule } from '../workspaces/index.js';
import { ClaimsController } from './claims.controller.js';
import { ClaimsRepository } from './claims.repository.js';
import { ClaimsService } from './claims.service.js';
import { LeaseSweeper } from './lease-sweeper.js';
import { Task } from './task.entity.js';
import { TasksController } from './tasks.controller.js';
import { TasksRepository } from './tasks.repository.js';
import { TasksService } from './tasks.service.js';

/** Needs the global modules of the database, the event log, the cache and the metrics. */
@Module({
  imports: [TypeOrmModule.forFeature([Task]), AgentsModule, WorkspacesModule],
  // Claims first: their fixed paths must not be taken for ids.
  controllers: [ClaimsController, TasksController],
  providers: [TasksRepository, TasksService, ClaimsRepository, ClaimsService, LeaseSweeper],
  exports: [TasksRepository, TasksService, ClaimsRepository, ClaimsService, LeaseSweeper],
})
export class TasksModule {}
