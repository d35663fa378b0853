export type { CloudEvent as EventView } from '../shared/events/index.js';
export * from './feed.dto.js';
export type { Activity, NewActivity } from './activity.repository.js';
export { ActivityRepository } from './activity.repository.js';
export * from './member.dto.js';
export { type Member, type MemberKind } from './member.entity.js';
export { MembersRepository } from './members.repository.js';
export { MembersService } from './members.service.js';
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
export * from './workspaces.errors.js';
export { WorkspacesHttpModule, WorkspacesModule } from './workspaces.module.js';
export { WorkspacesRepository } from './workspaces.repository.js';
export { WorkspacesService } from './workspaces.service.js';
