import type { Caller } from '../shared/auth/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import { defineEvent, type EventType, type JsonSchema, type NewEvent } from '../shared/events/index.js';
import { type Agent, AGENT_KINDS } from './agent.entity.js';
import { AGENT_STATUSES, type AgentStatus } from './agent-state.js';
import type { AgentPatch } from './agents.repository.js';

type AgentEvent = EventType<JsonObject>;

const STATUS: JsonSchema = { type: 'string', enum: AGENT_STATUSES };
const FIELDS: Readonly<Record<string, JsonSchema>> = {
  kind: { type: 'string', enum: AGENT_KINDS },
  capabilities: { type: 'array', items: { type: 'string' } },
  capacity: { type: ['integer', 'null'], minimum: 1, description: 'Tasks held at once at most; null is no limit.' },
  labels: { type: 'object', additionalProperties: { type: 'string' } },
};

const registered = define('agent.registered', 'An agent was registered for the first time; it can claim at once.', {
  status: STATUS,
  ...FIELDS,
});
const updated = define('agent.updated', 'Fields changed, by an update or because the agent registered again.', {
  changes: { type: 'object', description: 'The new values.', properties: FIELDS },
});
const statusChanged = define(
  'agent.status_changed',
  'By request, because an agent that was offline was heard of, or because one that was attended no longer was.',
  { from: STATUS, to: STATUS },
);
const deleted = define('agent.deleted', 'The agent was removed and its name is free.', {});

export function agentRegistered(caller: Caller, agent: Agent): NewEvent {
  const { kind, status, capabilities, capacity, labels } = agent;
  return occurred(registered, caller, agent, { kind, status, capabilities, capacity, labels });
}

export const agentUpdated = (caller: Caller, agent: Agent, changes: AgentPatch): NewEvent =>
  occurred(updated, caller, agent, { changes: { ...changes } });

export const agentStatusChanged = (caller: Caller, agent: Agent, from: AgentStatus): NewEvent =>
  occurred(statusChanged, caller, agent, { from, to: agent.status });

export const agentDeleted = (caller: Caller, agent: Agent): NewEvent => occurred(deleted, caller, agent, {});

/** Every event of an agent tells its name and the version it has reached. */
function define(type: string, description: string, properties: Readonly<Record<string, JsonSchema>>): AgentEvent {
  const all = { name: { type: 'string' }, ...properties, version: { type: 'integer', minimum: 1 } } as const;
  const data: JsonSchema = { type: 'object', properties: all, required: Object.keys(all), additionalProperties: false };
  return defineEvent({ type, subjectType: 'agent', description, data });
}

/** Agents belong to the tenant, so their events stand in the tenant's feed. */
function occurred(event: AgentEvent, { tenantId, actorId }: Caller, agent: Agent, data: JsonObject): NewEvent {
  const { id, name, version } = agent;
  return event({ feedId: tenantId, subjectId: id, actorId, data: { name, ...data, version } });
}
