import type { JsonObject } from '../shared/errors/index.js';
import { type Announced, defineEvent, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import { type Conflict, RESOLUTIONS } from './conflict.js';
import { CONTENT_TYPES, DOCUMENT_KINDS, type SharedDocument } from './document.entity.js';
import { type DocumentLock, LOCK_MODES } from './locks/lock.js';

const DOCUMENT = {
  title: { type: 'string' },
  kind: { type: 'string', enum: DOCUMENT_KINDS },
  contentType: { type: 'string', enum: CONTENT_TYPES },
  version: { type: 'integer', minimum: 1 },
} as const satisfies Readonly<Record<string, JsonSchema>>;

const created = define('document.created', 'A document was made in the workspace.');
const deleted = define('document.deleted', 'The document was removed.');

export const documentChanged: Announced = defineEvent({
  type: 'document.changed',
  subjectType: 'document',
  description: 'The document changed up to this operation; at most once a second for each document.',
  data: {
    type: 'object',
    properties: { sequence: { type: 'integer', minimum: 1 } },
    required: ['sequence'],
    additionalProperties: false,
  },
});

const conflicted = defineEvent<JsonObject>({
  type: 'document.conflicted',
  subjectType: 'document',
  description: 'A change from an older version did not merge; both sides stand in the ledger of conflicts.',
  data: {
    type: 'object',
    properties: { conflicts: { type: 'array', items: { type: 'string', format: 'uuid' } } },
    required: ['conflicts'],
    additionalProperties: false,
  },
});
const conflictSettled = defineEvent<JsonObject>({
  type: 'document.conflict_resolved',
  subjectType: 'document',
  description: 'A conflict was settled.',
  data: {
    type: 'object',
    properties: {
      conflictId: { type: 'string', format: 'uuid' },
      resolution: { type: 'string', enum: RESOLUTIONS },
    },
    required: ['conflictId', 'resolution'],
    additionalProperties: false,
  },
});

const LOCK = {
  mode: { type: 'string', enum: LOCK_MODES },
  section: { type: ['string', 'null'] },
  holder: { type: 'string' },
  token: { type: 'integer', minimum: 1 },
  expiresAt: { type: 'string', format: 'date-time' },
} as const satisfies Readonly<Record<string, JsonSchema>>;
const locked = defineOfLock('document.locked', 'Somebody locked the document, or a section of it.');
const unlocked = defineOfLock('document.unlocked', 'A lock was given back, or taken away by who may; none tells that one expired.'); // prettier-ignore

function defineOfLock(type: string, description: string) {
  const required = Object.keys(LOCK);
  const data: JsonSchema = { type: 'object', properties: LOCK, required, additionalProperties: false };
  return defineEvent<JsonObject>({ type, subjectType: 'document', description, data });
}

export const documentLocked = (actorId: string, document: SharedDocument, lock: DocumentLock): NewEvent =>
  ofLock(locked, actorId, document, lock);
export const documentUnlocked = (actorId: string, document: SharedDocument, lock: DocumentLock): NewEvent =>
  ofLock(unlocked, actorId, document, lock);

function ofLock(
  event: ReturnType<typeof defineOfLock>,
  actorId: string,
  { id, workspaceId }: SharedDocument,
  { mode, section, holder, token, expiresAt }: DocumentLock,
): NewEvent {
  const data = { mode, section, holder, token, expiresAt: expiresAt.toISOString() };
  return event({ feedId: workspaceId, subjectId: id, actorId, data });
}

/** Of a hundred conflicts at most; the ledger has them all. */
export function documentConflicted(
  actorId: string,
  document: SharedDocument,
  conflicts: readonly Conflict[],
): NewEvent {
  const { id, workspaceId } = document;
  const data = { conflicts: conflicts.slice(0, 100).map((conflict) => conflict.id) };
  return conflicted({ feedId: workspaceId, subjectId: id, actorId, data });
}

export function conflictResolved(actorId: string, document: SharedDocument, conflict: Conflict): NewEvent {
  const data = { conflictId: conflict.id, resolution: conflict.resolution };
  return conflictSettled({ feedId: document.workspaceId, subjectId: document.id, actorId, data });
}

export const documentCreated = (actorId: string, document: SharedDocument): NewEvent => of(created, actorId, document);
export const documentDeleted = (actorId: string, document: SharedDocument): NewEvent => of(deleted, actorId, document);

function define(type: string, description: string) {
  const required = Object.keys(DOCUMENT);
  const data: JsonSchema = { type: 'object', properties: DOCUMENT, required, additionalProperties: false };
  return defineEvent<JsonObject>({ type, subjectType: 'document', description, data });
}

function of(event: ReturnType<typeof define>, actorId: string, document: SharedDocument): NewEvent {
  const { id, workspaceId, title, kind, contentType, version } = document;
  return event({ feedId: workspaceId, subjectId: id, actorId, data: { title, kind, contentType, version } });
}
