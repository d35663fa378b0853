import type { JsonObject } from '../shared/errors/index.js';
import { defineEvent, type EventType, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import type { Activity } from './activity.repository.js';
import type { WorkspaceLock } from './locks.repository.js';
import { type Member, MEMBER_KINDS } from './member.entity.js';
import { type NewPresence, PRESENCES } from './presence.repository.js';
import { RIGHTS, ROLES } from './roles.js';
import type { StateEntry } from './state.repository.js';
import { type Workspace, WORKSPACE_STATUSES, WORKSPACE_VISIBILITIES } from './workspace.entity.js';
import type { WorkspacePatch } from './workspaces.repository.js';

type WorkspaceEvent = EventType<JsonObject>;

const FIELDS: Readonly<Record<string, JsonSchema>> = {
  description: { type: ['string', 'null'] },
  visibility: { type: 'string', enum: WORKSPACE_VISIBILITIES },
  status: { type: 'string', enum: WORKSPACE_STATUSES },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
};

const created = define('workspace.created', 'A workspace was made, with its feed.', FIELDS);
const updated = define('workspace.updated', 'Fields of the workspace changed.', {
  changes: { type: 'object', description: 'The new values.', properties: { name: { type: 'string' }, ...FIELDS } },
});
const deleted = define('workspace.deleted', 'The workspace was removed; work that is open in it goes on.', {});

const archived = define('workspace.archived', 'The workspace takes no new work any more.', {});
const unarchived = define('workspace.unarchived', 'The workspace was archived, and takes new work again.', {});
const purged = define(
  'workspace.purged',
  'A deleted workspace was removed for good; in the feed of the tenant only.',
  {},
);

export const workspaceArchived = (actorId: string, workspace: Workspace, isArchived: boolean): NewEvent[] =>
  occurred(isArchived ? archived : unarchived, actorId, workspace, {});

export const workspacePurged = (actorId: string, { tenantId, id, name, version }: Workspace): NewEvent =>
  purged({ feedId: tenantId, subjectId: id, actorId, data: { name, version } });

export function workspaceCreated(actorId: string, workspace: Workspace): NewEvent[] {
  const { description, visibility, status, labels } = workspace;
  return occurred(created, actorId, workspace, { description, visibility, status, labels });
}

export const workspaceUpdated = (actorId: string, workspace: Workspace, changes: WorkspacePatch): NewEvent[] =>
  occurred(updated, actorId, workspace, { changes: { ...changes } });

export const workspaceDeleted = (actorId: string, workspace: Workspace): NewEvent[] =>
  occurred(deleted, actorId, workspace, {});

/** Every event of a workspace tells its name and the version it has reached. */
function define(type: string, description: string, properties: Readonly<Record<string, JsonSchema>>): WorkspaceEvent {
  const all = { name: { type: 'string' }, ...properties, version: { type: 'integer', minimum: 1 } } as const;
  const data: JsonSchema = { type: 'object', properties: all, required: Object.keys(all), additionalProperties: false };
  return defineEvent({ type, subjectType: 'workspace', description, data });
}

/**
 * In two feeds: the workspace's own, so that its story is whole, and the tenant's, so that one feed tells which
 * workspaces there are.
 */
function occurred(event: WorkspaceEvent, actorId: string, workspace: Workspace, data: JsonObject): NewEvent[] {
  const { tenantId, id, name, version } = workspace;
  return [id, tenantId].map((feedId) => event({ feedId, subjectId: id, actorId, data: { name, ...data, version } }));
}

const MEMBER = {
  memberId: { type: 'string', description: "An agent's id, a key's id or an OIDC subject." },
  kind: { type: 'string', enum: MEMBER_KINDS },
  role: { type: 'string', enum: ROLES },
  permissions: { type: 'array', items: { type: 'string', enum: RIGHTS } },
} as const satisfies Readonly<Record<string, JsonSchema>>;

const added = defineOfMember('workspace.member_added', 'Somebody became a member.');
const changed = defineOfMember(
  'workspace.member_changed',
  "A member's role, or what is permitted besides it, changed.",
);
const removed = defineOfMember('workspace.member_removed', 'A member left or was removed; the role is the former one.');

export const memberAdded = (actorId: string, member: Member): NewEvent => ofMember(added, actorId, member);
export const memberChanged = (actorId: string, member: Member): NewEvent => ofMember(changed, actorId, member);
export const memberRemoved = (actorId: string, member: Member): NewEvent => ofMember(removed, actorId, member);

function defineOfMember(type: string, description: string): WorkspaceEvent {
  const data = {
    type: 'object',
    properties: MEMBER,
    required: Object.keys(MEMBER),
    additionalProperties: false,
  } as const;
  return defineEvent({ type, subjectType: 'workspace', description, data });
}

const stateWasUpdated: WorkspaceEvent = defineEvent({
  type: 'workspace.state_updated',
  subjectType: 'workspace',
  description: 'The shared state was written; what it is now is read from it.',
  data: {
    type: 'object',
    properties: {
      version: { type: 'integer', minimum: 1 },
      bytes: { type: 'integer', minimum: 2 },
      restored: { type: 'integer', minimum: 1, description: 'The version whose content was written once more.' },
    },
    required: ['version', 'bytes'],
    additionalProperties: false,
  },
});

export const stateUpdated = (
  actorId: string,
  workspaceId: string,
  { version, bytes }: StateEntry,
  restored?: number,
): NewEvent => {
  const data = { version, bytes, ...(restored !== undefined && { restored }) };
  return stateWasUpdated({ feedId: workspaceId, subjectId: workspaceId, actorId, data });
};

/** Made by `ChangeNotices`, at most once a second. */
export const sharedStateChanged: EventType<{ sequence: number }> = defineEvent({
  type: 'workspace.shared_state_changed',
  subjectType: 'workspace',
  description: 'The CRDT state changed, maybe more than once; at most one a second, and one for the last change.',
  data: {
    type: 'object',
    properties: { sequence: { type: 'integer', minimum: 1, description: 'How far the state is.' } },
    required: ['sequence'],
    additionalProperties: false,
  },
});

const activityWasRecorded: WorkspaceEvent = defineEvent({
  type: 'workspace.activity_recorded',
  subjectType: 'workspace',
  description: 'Somebody recorded what he did; the details are read from the activity.',
  data: {
    type: 'object',
    properties: { activityId: { type: 'string', format: 'uuid' }, activity: { type: 'string' } },
    required: ['activityId', 'activity'],
    additionalProperties: false,
  },
});

export const activityRecorded = (workspaceId: string, { id, type, actorId }: Activity): NewEvent =>
  activityWasRecorded({
    feedId: workspaceId,
    subjectId: workspaceId,
    actorId,
    data: { activityId: id, activity: type },
  });

const presenceHasChanged: WorkspaceEvent = defineEvent({
  type: 'workspace.presence_changed',
  subjectType: 'workspace',
  description: 'A member is there or gone; not written when a presence is only renewed.',
  data: {
    type: 'object',
    properties: {
      memberId: MEMBER.memberId,
      status: { type: 'string', enum: PRESENCES },
      on: {
        type: ['object', 'null'],
        properties: { type: { type: 'string' }, id: { type: 'string' } },
        required: ['type', 'id'],
        additionalProperties: false,
      },
    },
    required: ['memberId', 'status', 'on'],
    additionalProperties: false,
  },
});

/** By nobody when a presence ran out. */
export const presenceChanged = (
  actorId: string | null,
  workspaceId: string,
  { memberId, status, on }: NewPresence,
): NewEvent =>
  presenceHasChanged({ feedId: workspaceId, subjectId: workspaceId, actorId, data: { memberId, status, on } });

/** In the workspace's feed alone. */
const ofMember = (event: WorkspaceEvent, actorId: string, { workspaceId, ...member }: Member): NewEvent => {
  const { memberId, kind, role, permissions } = member;
  return event({ feedId: workspaceId, subjectId: workspaceId, actorId, data: { memberId, kind, role, permissions } });
};

const LOCK = {
  holder: { type: 'string', description: "An agent's id, a key's id or an OIDC subject." },
  token: { type: 'integer', minimum: 1 },
} as const satisfies Readonly<Record<string, JsonSchema>>;

const wasLocked: WorkspaceEvent = defineEvent({
  type: 'workspace.locked',
  subjectType: 'workspace',
  description: 'Somebody keeps the workspace for himself; not written when he does so for longer.',
  data: {
    type: 'object',
    properties: { ...LOCK, reason: { type: ['string', 'null'] }, expiresAt: { type: 'string', format: 'date-time' } },
    required: ['holder', 'token', 'reason', 'expiresAt'],
    additionalProperties: false,
  },
});

const UNLOCKED = ['released', 'forced', 'expired'] as const;
const wasUnlocked: WorkspaceEvent = defineEvent({
  type: 'workspace.unlocked',
  subjectType: 'workspace',
  description: 'The workspace is free again: the lock was given up, taken away or not renewed.',
  data: {
    type: 'object',
    properties: { ...LOCK, why: { type: 'string', enum: UNLOCKED } },
    required: ['holder', 'token', 'why'],
    additionalProperties: false,
  },
});

export const workspaceLocked = ({ workspaceId, holder, token, reason, expiresAt }: WorkspaceLock): NewEvent =>
  wasLocked({
    feedId: workspaceId,
    subjectId: workspaceId,
    actorId: holder,
    data: { holder, token, reason, expiresAt: expiresAt.toISOString() },
  });

export const workspaceUnlocked = (
  actorId: string | null,
  { workspaceId, holder, token }: WorkspaceLock,
  why: (typeof UNLOCKED)[number],
): NewEvent => wasUnlocked({ feedId: workspaceId, subjectId: workspaceId, actorId, data: { holder, token, why } });

const said: WorkspaceEvent = defineEvent({
  type: 'workspace.message',
  subjectType: 'workspace',
  description: 'Somebody said something, to everybody or to one member.',
  data: {
    type: 'object',
    properties: {
      to: { type: ['string', 'null'], description: 'The member it is meant for; null for everybody.' },
      message: { type: 'object', additionalProperties: true },
    },
    required: ['to', 'message'],
    additionalProperties: false,
  },
});

export const messageSent = (actorId: string, workspaceId: string, to: string | null, message: JsonObject): NewEvent =>
  said({ feedId: workspaceId, subjectId: workspaceId, actorId, data: { to, message } });
