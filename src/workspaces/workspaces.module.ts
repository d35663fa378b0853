import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ActivityRepository } from './activity.repository.js';
import { FeedsController } from './feeds.controller.js';
import { Member } from './member.entity.js';
import { MembersController } from './members.controller.js';
import { MembersRepository } from './members.repository.js';
import { MembersService } from './members.service.js';
import { SharedStateController } from './shared-state.controller.js';
import { SharedStateRepository } from './shared-state.repository.js';
import { SharedStateService } from './shared-state.service.js';
import { SharedStateWriter } from './shared-state-writer.js';
import { StateController } from './state.controller.js';
import { StateRepository } from './state.repository.js';
import { StateService } from './state.service.js';
import { WorkspaceAccess } from './workspace-access.js';
import { Workspace } from './workspace.entity.js';
import { WorkspacesController } from './workspaces.controller.js';
import { WorkspacesRepository } from './workspaces.repository.js';
import { WorkspacesService } from './workspaces.service.js';

/** Needs the global modules of the database, the event log and the cache. */
@Module({
  imports: [TypeOrmModule.forFeature([Workspace, Member])],
  providers: [
    ActivityRepository,
    MembersRepository,
    MembersService,
    SharedStateRepository,
    SharedStateService,
    SharedStateWriter,
    StateRepository,
    StateService,
    WorkspaceAccess,
    WorkspacesRepository,
    WorkspacesService,
  ],
  exports: [
    ActivityRepository,
    MembersRepository,
    MembersService,
    SharedStateRepository,
    SharedStateService,
    StateRepository,
    StateService,
    WorkspaceAccess,
    WorkspacesRepository,
    WorkspacesService,
  ],
})
export class WorkspacesModule {}

/** The same with its routes. */
@Module({
  imports: [WorkspacesModule],
  controllers: [WorkspacesController, MembersController, StateController, SharedStateController, FeedsController],
  exports: [WorkspacesModule],
})
export class WorkspacesHttpModule {}
