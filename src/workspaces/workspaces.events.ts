import type { JsonObject } from '../shared/errors/index.js';
import { defineEvent, type EventType, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import { type Member, MEMBER_KINDS } from './member.entity.js';
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

/** In the workspace's feed alone. */
const ofMember = (event: WorkspaceEvent, actorId: string, { workspaceId, ...member }: Member): NewEvent => {
  const { memberId, kind, role, permissions } = member;
  return event({ feedId: workspaceId, subjectId: workspaceId, actorId, data: { memberId, kind, role, permissions } });
};
