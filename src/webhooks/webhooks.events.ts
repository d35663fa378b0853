import type { JsonObject } from '../shared/errors/index.js';
import { defineEvent, type EventType, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import { DISABLED_REASONS, type Webhook } from './webhook.entity.js';
import type { WebhookPatch } from './webhooks.repository.js';

type WebhookEvent = EventType<JsonObject>;

const HOST: JsonSchema = { type: 'string', description: 'Of the URL, which may hold a secret and is not told.' };
const FILTERS: Readonly<Record<string, JsonSchema>> = {
  types: { type: 'array', items: { type: 'string' } },
  subjects: { type: 'array', items: { type: 'string' } },
  ordered: { type: 'boolean' },
  description: { type: ['string', 'null'] },
  enabled: { type: 'boolean' },
};

const created = define('webhook.created', 'An endpoint was registered.', {
  workspaceId: { type: ['string', 'null'], format: 'uuid', description: 'Null: it follows all feeds of the tenant.' },
  ...FILTERS,
});
const updated = define('webhook.updated', 'An endpoint was changed.', {
  changes: { type: 'object', description: 'The new values.', properties: { host: HOST, ...FILTERS } },
});
const rotated = define('webhook.secret_rotated', 'An endpoint has a new secret.', {
  previousSecretUntil: {
    type: ['string', 'null'],
    format: 'date-time',
    description: 'Until when the one before signs as well.',
  },
});
const disabled = define('webhook.disabled', 'Nothing is sent to the endpoint any more, and nobody asked for that.', {
  reason: {
    type: 'string',
    enum: DISABLED_REASONS,
    description: '`gone`: it answered 410; `failing`: everything sent to it has failed for days.',
  },
  failures: { type: 'integer', minimum: 0, description: 'Failed attempts since anything was delivered.' },
});
const deleted = define('webhook.deleted', 'An endpoint was removed, with what was on its way to it.', {});

const tested = define('webhook.test', 'Sent on request, to try an endpoint; it stands in no feed.', {});

export function webhookCreated(actorId: string, webhook: Webhook): NewEvent {
  const { workspaceId, types, subjects, ordered, description, enabled } = webhook;
  return occurred(created, actorId, webhook, { workspaceId, types, subjects, ordered, description, enabled });
}

export function webhookUpdated(actorId: string, webhook: Webhook, { url: _, ...changes }: WebhookPatch): NewEvent {
  return occurred(updated, actorId, webhook, { changes: { ...changes } });
}

export const webhookRotated = (actorId: string, webhook: Webhook): NewEvent =>
  occurred(rotated, actorId, webhook, { previousSecretUntil: webhook.previousSecretUntil?.toISOString() ?? null });

export const webhookDisabled = (webhook: Webhook): NewEvent =>
  occurred(disabled, null, webhook, { reason: webhook.disabledReason, failures: webhook.failures });

export const webhookDeleted = (actorId: string, webhook: Webhook): NewEvent => occurred(deleted, actorId, webhook, {});

export const webhookTested = (actorId: string, webhook: Webhook): NewEvent => occurred(tested, actorId, webhook, {});

/** Every event of an endpoint tells its host and the version it has reached. */
function define(type: string, description: string, properties: Readonly<Record<string, JsonSchema>>): WebhookEvent {
  const all = { host: HOST, ...properties, version: { type: 'integer', minimum: 1 } } as const;
  const data: JsonSchema = { type: 'object', properties: all, required: Object.keys(all), additionalProperties: false };
  return defineEvent({ type, subjectType: 'webhook', description, data });
}

/** Endpoints belong to the tenant, whatever they follow. */
function occurred(event: WebhookEvent, actorId: string | null, webhook: Webhook, data: JsonObject): NewEvent {
  const { tenantId, id, host, version } = webhook;
  return event({ feedId: tenantId, subjectId: id, actorId, data: { host, ...data, version } });
}
