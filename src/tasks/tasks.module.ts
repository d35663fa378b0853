import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/index.js';
import { WorkspacesModule } from '../workspaces/index.js';
import { BulkLoadRepository } from './bulk-load.repository.js';
import { ClaimsController } from './claims.controller.js';
import { ClaimsRepository } from './claims.repository.js';
import { ClaimsService } from './claims.service.js';
import { DispatchController } from './dispatch.controller.js';
import { DispatchRepository } from './dispatch.repository.js';
import { DispatchService } from './dispatch.service.js';
import { DepthsRepository } from './depths.repository.js';
import { EdgesRepository } from './edges.repository.js';
import { EdgesService } from './edges.service.js';
import { ExplanationsRepository } from './explanations.repository.js';
import { ExplanationsService } from './explanations.service.js';
import { InputsService } from './inputs.service.js';
import { IntegrityRepository } from './integrity.repository.js';
import { IntegrityService } from './integrity.service.js';
import { InterventionsController } from './interventions.controller.js';
import { InterventionsService } from './interventions.service.js';
import { LanesRepository } from './lanes.repository.js';
import { ReadyPlaces } from './ready-places.js';
import { RetriesRepository } from './retries.repository.js';
import { ReportsController } from './reports.controller.js';
import { StatsController } from './stats.controller.js';
import { StatsRepository } from './stats.repository.js';
import { StatsService } from './stats.service.js';
import { Sweeper } from './sweeper.js';
import { SweepsRepository } from './sweeps.repository.js';
import { Task } from './task.entity.js';
import { TaskGauges } from './task-gauges.js';
import { TasksController } from './tasks.controller.js';
import { TasksRepository } from './tasks.repository.js';
import { TasksService } from './tasks.service.js';
import { TimelineService } from './timeline.service.js';
import { WorkNews } from './work-news.js';

const REPOSITORIES = [
  TasksRepository,
  BulkLoadRepository,
  RetriesRepository,
  ClaimsRepository,
  EdgesRepository,
  DispatchRepository,
  ExplanationsRepository,
  IntegrityRepository,
  StatsRepository,
];
const SERVICES = [
  TasksService,
  ClaimsService,
  EdgesService,
  InputsService,
  InterventionsService,
  DispatchService,
  ExplanationsService,
  IntegrityService,
  StatsService,
  TimelineService,
  Sweeper,
];

/** Needs the global modules of the database, the event log, the cache and the metrics. */
@Module({
  imports: [TypeOrmModule.forFeature([Task]), AgentsModule, WorkspacesModule],
  providers: [
    ReadyPlaces,
    WorkNews,
    LanesRepository,
    SweepsRepository,
    DepthsRepository,
    TaskGauges,
    ...REPOSITORIES,
    ...SERVICES,
  ],
  exports: [...REPOSITORIES, ...SERVICES],
})
export class TasksModule {}

/** The same with its routes. */
@Module({
  imports: [TasksModule],
  // Tasks last: fixed paths must not be taken for ids.
  controllers: [
    ClaimsController,
    DispatchController,
    InterventionsController,
    ReportsController,
    StatsController,
    TasksController,
  ],
  exports: [TasksModule],
})
export class TasksHttpModule {}
