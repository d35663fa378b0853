import { DomainError } from '../shared/errors/index.js';
import type { WorkspaceLock } from './locks.repository.js';
import type { Right, Role } from './roles.js';
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

/** The caller may see the workspace and not do this in it. */
export class NotPermitted extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'not_permitted';

  constructor({ id }: Workspace, right: Right, role: Role | undefined) {
    const who = role ? `As ${role} you` : 'Who is no member';
    super(`${who} may not do this in the workspace ${id}; it takes the right ${right}.`, {
      workspaceId: id,
      right,
      role: role ?? null,
    });
  }
}

/** Members are added, changed and removed by those above them; nobody hands on a role above his own. */
export class RankTooLow extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'rank_too_low';

  constructor(own: Role, other: Role) {
    super(`As ${own} you may neither make somebody ${other} nor change one who is.`, { own, other });
  }
}

/** Nobody joins a private workspace by himself. */
export class InvitationOnly extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'invitation_only';

  constructor(workspaceId: string) {
    super(`The workspace ${workspaceId} is private; its members are added to it.`, { workspaceId });
  }
}

/** A workspace keeps an owner. */
export class LastOwner extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'last_owner';

  constructor(workspaceId: string, memberId: string) {
    super(`${memberId} is the only owner of the workspace ${workspaceId}; make somebody else an owner first.`, {
      workspaceId,
      memberId,
    });
  }
}

export class TooManyMembers extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_members';

  constructor(workspaceId: string, what: 'members' | 'agents', limit: number) {
    super(`The workspace ${workspaceId} has ${limit} ${what}, which is as many as there may be.`, {
      workspaceId,
      what,
      limit,
    });
  }
}

export class StateTooLarge extends DomainError {
  readonly kind = 'too_large';
  readonly code = 'state_too_large';

  constructor(bytes: number, limit: number) {
    super(`The state has ${bytes} bytes of JSON; it may have ${limit}.`, { field: 'state', bytes, limit });
  }
}

/** An id stands for one operation: what came before under this one asked for something else. */
export class OperationIdReused extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'operation_id_reused';

  constructor(id: string) {
    super(`Another operation came under the id ${id} before; give each its own.`, { id });
  }
}

/** What tells more of an activity or a message has a bound. */
export class PayloadTooLarge extends DomainError {
  readonly kind = 'too_large';
  readonly code = 'payload_too_large';

  constructor(field: string, bytes: number, limit: number) {
    super(`${field} has ${bytes} bytes of JSON; it may have ${limit}.`, { field, bytes, limit });
  }
}

/** Presence is of members, whatever else the caller may do in the workspace. */
export class NotMember extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'not_a_member';

  constructor(workspaceId: string, memberId: string) {
    super(`${memberId} is no member of the workspace ${workspaceId}.`, { workspaceId, memberId });
  }
}

/** Another keeps the workspace for himself: until the lock ends, only he writes to it. */
export class WorkspaceLocked extends DomainError {
  readonly kind = 'locked';
  readonly code = 'workspace_locked';
  override readonly retryAfterSeconds: number;

  constructor({ workspaceId, holder, reason, expiresAt, secondsLeft }: WorkspaceLock) {
    super(`The workspace ${workspaceId} is locked by ${holder} until ${expiresAt.toISOString()}.`, {
      workspaceId,
      holder,
      reason,
      expiresAt: expiresAt.toISOString(),
    });
    this.retryAfterSeconds = Math.max(1, secondsLeft);
  }
}

/** The lock ran out, was taken away or is another's. */
export class LockLost extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'lock_lost';

  constructor(workspaceId: string, token: number | null, current: WorkspaceLock | undefined) {
    super(`The workspace ${workspaceId} is ${current ? `locked by ${current.holder}` : 'not locked any more'}.`, {
      workspaceId,
      givenToken: token,
      currentToken: current?.token ?? null,
      holder: current?.holder ?? null,
    });
  }
}
