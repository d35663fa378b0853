export type { CloudEvent as EventView } from '../shared/events/index.js';
export * from './feed.dto.js';
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
