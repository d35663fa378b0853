import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { FeedsController } from './feeds.controller.js';
import { Workspace } from './workspace.entity.js';
import { WorkspacesController } from './workspaces.controller.js';
import { WorkspacesRepository } from './workspaces.repository.js';
import { WorkspacesService } from './workspaces.service.js';

/** Needs the global modules of the database, the event log and the cache. */
@Module({
  imports: [TypeOrmModule.forFeature([Workspace])],
  providers: [WorkspacesRepository, WorkspacesService],
  exports: [WorkspacesRepository, WorkspacesService],
})
export class WorkspacesModule {}

/** The same with its routes. */
@Module({
  imports: [WorkspacesModule],
  controllers: [WorkspacesController, FeedsController],
  exports: [WorkspacesModule],
})
export class WorkspacesHttpModule {}
