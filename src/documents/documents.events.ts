import type { JsonObject } from '../shared/errors/index.js';
import { type Announced, defineEvent, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import { CONTENT_TYPES, DOCUMENT_KINDS, type SharedDocument } from './document.entity.js';

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
