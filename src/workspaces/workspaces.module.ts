import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { QuotasModule } from '../shared/quotas/index.js';
import { ActivityRepository } from './activity.repository.js';
import { ActivityController } from './activity.controller.js';
import { ActivityService } from './activity.service.js';
import { FeedsController } from './feeds.controller.js';
import { LocksController } from './locks.controller.js';
import { LocksRepository } from './locks.repository.js';
import { LocksService } from './locks.service.js';
import { Member } from './member.entity.js';
import { MembersController } from './members.controller.js';
import { MembersRepository } from './members.repository.js';
import { MembersService } from './members.service.js';
import { SharedStateController } from './shared-state.controller.js';
import { SharedStateRepository } from './shared-state.repository.js';
import { SharedStateService } from './shared-state.service.js';
import { SharedStateWriter } from './shared-state-writer.js';
import { MembershipController } from './membership.controller.js';
import { MessagesController } from './messages.controller.js';
import { MessagesService } from './messages.service.js';
import { PresenceController } from './presence.controller.js';
import { PresenceRepository } from './presence.repository.js';
import { PresenceService } from './presence.service.js';
import { StateController } from './state.controller.js';
import { StateRepository } from './state.repository.js';
import { StateService } from './state.service.js';
import { UpkeepRepository } from './upkeep.repository.js';
import { WorkspaceAccess } from './workspace-access.js';
import { Workspace } from './workspace.entity.js';
import { WORKSPACE_SETTINGS } from './workspace.settings.js';
import { WorkspaceQuota } from './workspace-quota.js';
import { WorkspaceReportsController } from './workspace-reports.controller.js';
import { WorkspaceReportsRepository } from './workspace-reports.repository.js';
import { WorkspaceReportsService } from './workspace-reports.service.js';
import { WorkspaceUpkeep } from './workspace-upkeep.js';
import { WorkspacesController } from './workspaces.controller.js';
import { WorkspacesRepository } from './workspaces.repository.js';
import { WorkspacesService } from './workspaces.service.js';

const PUBLIC = [
  ActivityRepository,
  ActivityService,
  LocksRepository,
  LocksService,
  MembersRepository,
  MembersService,
  MessagesService,
  PresenceRepository,
  PresenceService,
  SharedStateRepository,
  SharedStateService,
  StateRepository,
  StateService,
  WorkspaceAccess,
  WorkspaceReportsRepository,
  WorkspaceReportsService,
  WorkspaceUpkeep,
  WorkspacesRepository,
  WorkspacesService,
];

/** Needs the global modules of the database, the event log and the cache. */
@Module({
  imports: [TypeOrmModule.forFeature([Workspace, Member]), QuotasModule],
  providers: [...PUBLIC, SharedStateWriter, UpkeepRepository, WorkspaceQuota, WORKSPACE_SETTINGS],
  exports: PUBLIC,
})
export class WorkspacesModule {}

/** The same with its routes. */
@Module({
  imports: [WorkspacesModule],
  controllers: [
    WorkspacesController,
    MembersController,
    MembershipController,
    MessagesController,
    StateController,
    SharedStateController,
    ActivityController,
    PresenceController,
    LocksController,
    WorkspaceReportsController,
    FeedsController,
  ],
  exports: [WorkspacesModule],
})
export class WorkspacesHttpModule {}
