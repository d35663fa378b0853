import { DomainError } from '../shared/errors/index.js';
import type { Workspace } from './workspace.entity.js';

/** The tenant's default workspace keeps its name, stays active and cannot be deleted: work that names none needs it. */
export class DefaultWorkspaceProtected extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'default_workspace';

  constructor({ id }: Workspace) {
    super(`The default workspace ${id} cannot be renamed, deactivated or deleted.`, { workspaceId: id });
  }
}

/** New work is refused by a workspace that is inactive or archived. */
export class WorkspaceNotActive extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'workspace_not_active';

  constructor({ id, status }: Workspace) {
    super(`The workspace ${id} is ${status} and takes no new work; set its status to active first.`, {
      workspaceId: id,
      workspaceStatus: status,
    });
  }
}
