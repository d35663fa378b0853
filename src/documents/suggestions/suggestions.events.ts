import type { JsonObject } from '../../shared/errors/index.js';
import { defineEvent, type JsonSchema, type NewEvent } from '../../shared/events/index.js';
import type { SharedDocument } from '../document.entity.js';
import type { SuggestionEntry, SuggestionStatus } from './suggestion.js';

const VERSION: JsonSchema = { type: 'integer', minimum: 1 };
const ID: JsonSchema = { type: 'string', format: 'uuid' };

const EVENTS = {
  open: define('document.suggested', 'Somebody suggested a change of the document.', { baseVersion: VERSION }),
  accepted: define('document.suggestion_accepted', 'A suggestion was accepted; the document has it since `version`.', {
    version: VERSION,
  }),
  rejected: define('document.suggestion_rejected', 'A suggestion was rejected, or taken back by its author.'),
  superseded: define('document.suggestion_superseded', 'The author replaced a suggestion by a newer one.', {
    supersededBy: ID,
  }),
} satisfies Record<SuggestionStatus, unknown>;

/** What a suggestion has just become. */
export function suggestionChanged(actorId: string, document: SharedDocument, suggestion: SuggestionEntry): NewEvent {
  const { id, authorId, status } = suggestion;
  const data: JsonObject = { suggestionId: id, authorId, ...more(suggestion) };
  return EVENTS[status]({ feedId: document.workspaceId, subjectId: document.id, actorId, data });
}

function more({ status, baseVersion, acceptedVersion, supersededBy }: SuggestionEntry): JsonObject {
  switch (status) {
    case 'open':
      return { baseVersion };
    case 'accepted':
      return { version: acceptedVersion };
    case 'superseded':
      return { supersededBy };
    case 'rejected':
      return {};
  }
}

function define(type: string, description: string, more: Readonly<Record<string, JsonSchema>> = {}) {
  const properties = { suggestionId: ID, authorId: { type: 'string' }, ...more } satisfies Record<string, JsonSchema>;
  const required = Object.keys(properties);
  const data: JsonSchema = { type: 'object', properties, required, additionalProperties: false };
  return defineEvent<JsonObject>({ type, subjectType: 'document', description, data });
}
