export type { CloudEvent as EventView } from '../shared/events/index.js';
export * from './feed.dto.js';
export * from './activity.dto.js';
export { ActivityService } from './activity.service.js';
export type { Activity, ActivityFilter, NewActivity } from './activity.repository.js';
export { ActivityRepository } from './activity.repository.js';
export * from './lock.dto.js';
export { LocksRepository, type WorkspaceLock } from './locks.repository.js';
export { LocksService } from './locks.service.js';
export * from './member.dto.js';
export { type Member, type MemberKind } from './member.entity.js';
export { MembersRepository } from './members.repository.js';
export { MembersService } from './members.service.js';
export * from './message.dto.js';
export { MessagesService } from './messages.service.js';
export * from './presence.dto.js';
export { type NewPresence, type Presence, type PresenceStatus, PresenceRepository } from './presence.repository.js';
export { PresenceService } from './presence.service.js';
export { type Right, RIGHTS, type Role, ROLES } from './roles.js';
export * from './shared-state.dto.js';
export { SharedStateRepository, type StoredSharedState } from './shared-state.repository.js';
export type { ChangeRequest } from './shared-state-request.js';
export { type ReachedState, SharedStateService, type StateDelta } from './shared-state.service.js';
export * from './state.dto.js';
export { type StateEntry, StateRepository, type WorkspaceState } from './state.repository.js';
export { StateService } from './state.service.js';
export { WorkspaceAccess } from './workspace-access.js';
export * from './workspace.dto.js';
export {
  DEFAULT_WORKSPACE,
  type Workspace,
  type WorkspaceStatus,
  type WorkspaceVisibility,
} from './workspace.entity.js';
export { WorkspaceOptionsModule, type WorkspaceOptions } from './workspace.settings.js';
export * from './workspace-report.dto.js';
export { WorkspaceReportsRepository } from './workspace-reports.repository.js';
export { WorkspaceReportsService } from './workspace-reports.service.js';
export { WorkspaceUpkeep } from './workspace-upkeep.js';
export * from './workspaces.errors.js';
export { WorkspacesHttpModule, WorkspacesModule } from './workspaces.module.js';
export { WorkspacesRepository } from './workspaces.repository.js';
export { WorkspacesService } from './workspaces.service.js';
