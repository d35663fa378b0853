import type { OpenAPIObject } from '@nestjs/swagger';
import type { JsonObject, JsonValue } from '../../../shared/errors/index.js';
import { REST_METHODS, type RestMethod } from './rest-methods.js';

/** A parameter as OpenRPC describes it. */
interface Described {
  name: string;
  required: boolean;
  description?: string;
  schema: JsonObject;
}

interface RouteParameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: JsonObject;
}

interface RouteDescription {
  summary?: string;
  description?: string;
  parameters?: RouteParameter[];
  requestBody?: { content: Record<string, { schema: JsonObject }> };
  responses: Record<string, { content?: Record<string, { schema: JsonObject }> }>;
}

type Schemas = Record<string, { required?: string[]; properties?: Record<string, JsonObject> }>;

const text = (name: string, description: string): Described => ({
  name,
  required: false,
  description,
  schema: { type: 'string' },
});

const IDEMPOTENCY_KEY = text(
  'idempotencyKey',
  'Makes the call safe to repeat: the same key and parameters give the first answer again.',
);
const PROGRESS_TOKEN: Described = {
  name: 'progressToken',
  required: false,
  description: 'Asks for `progress` notifications with this token while the answer is waited for.',
  schema: { type: ['string', 'integer'] },
};
const IF_MATCH: Described = {
  name: 'ifMatch',
  required: true,
  description: 'The version that was read.',
  schema: { type: 'integer' },
};

const SUBSCRIPTION: Described = { ...text('subscription', 'As `subscribe` answered.'), required: true };
const AGENT: Described = { name: 'agentId', required: true, schema: { type: 'string', format: 'uuid' } };
const object = (properties: JsonObject, description = ''): JsonObject => ({
  type: 'object',
  ...(description && { description }),
  required: Object.keys(properties),
  properties,
});

/** Of the connection itself; see `OwnMethods`. */
const OWN: readonly { name: string; summary: string; params: Described[] | string; result: JsonObject }[] = [
  { name: 'ping', summary: 'Answers at once.', params: [], result: object({}) },
  {
    name: 'time',
    summary: "The node's time.",
    params: [],
    result: object({ time: { type: 'string', format: 'date-time' } }),
  },
  { name: 'methods', summary: 'This document.', params: [], result: object({}) },
  {
    name: 'cancel',
    summary:
      'Ends the waiting of a request of this connection, which is answered at once with what there is. What it did is not undone. Mostly sent as a notification.',
    params: [{ name: 'id', required: true, schema: { type: ['string', 'number'] } }],
    result: object({ cancelled: { type: 'boolean' } }),
  },
  {
    name: 'agent.attach',
    summary:
      'A sign of life of the agent, and further ones as long as this connection is open. The agent goes offline when its last connection has ended and nothing more is heard of it.',
    params: [AGENT],
    result: { $ref: '#/components/schemas/AgentHeartbeat' },
  },
  { name: 'agent.detach', summary: 'Ends what agent.attach began.', params: [AGENT], result: object({}) },
  {
    name: 'subscribe',
    summary:
      'Follows feeds from their cursors: `events` notifications bring what they hold after them and then what is written, without a gap or a repeat. Needs the scope events:read.',
    params: 'SubscribeParams',
    result: object({ subscription: { type: 'string' }, epoch: { type: 'integer' } }),
  },
  {
    name: 'unsubscribe',
    summary: 'Ends a subscription; no notification of it comes after the answer.',
    params: [SUBSCRIPTION],
    result: object({ subscription: { type: 'string' } }),
  },
  {
    name: 'subscriptions',
    summary: 'What this connection follows, and the cursors it has reached.',
    params: [],
    result: object({ subscriptions: { type: 'array', items: { type: 'object' } } }),
  },
];

/** All methods as an OpenRPC 1.3 document, whose schemas are those of the routes. */
export function describeMethods(routes: OpenAPIObject): JsonObject {
  const schemas = (routes.components?.schemas ?? {}) as Schemas;
  const methods = [
    ...[...REST_METHODS.values()].map((method) => describeRoute(method, routes, schemas)),
    ...OWN.map(({ params, ...own }) => describe(own, typeof params === 'string' ? membersOf(params, schemas) : params)),
  ];
  return {
    openrpc: '1.3.2',
    info: { title: routes.info.title, version: routes.info.version },
    methods,
    components: { schemas: schemas as JsonObject },
  };
}

function describeRoute(method: RestMethod, routes: OpenAPIObject, schemas: Schemas): JsonObject {
  const { name, path, verb } = method;
  const item = routes.paths[path] as unknown as Record<string, RouteDescription>;
  const route = item[verb.toLowerCase()];
  if (!route) throw new Error(`The method ${name} calls a route that does not exist: ${verb} ${path}.`);
  const params = [
    ...parametersOf(route),
    ...membersOf(bodyOf(route), schemas),
    ...(method.versioned ? [IF_MATCH] : []),
    ...(verb === 'GET' ? [] : [IDEMPOTENCY_KEY]),
    PROGRESS_TOKEN,
  ];
  const summary = route.summary ?? route.description ?? '';
  return { ...describe({ name, summary, result: resultOf(route) }, params), 'x-route': `${verb} ${path}` };
}

function describe(
  { name, summary, result }: { name: string; summary: string; result: JsonObject },
  params: Described[],
) {
  return {
    name,
    summary,
    paramStructure: 'by-name',
    params: params as unknown as JsonValue[],
    result: { name: 'result', schema: result },
  } satisfies JsonObject;
}

const parametersOf = ({ parameters = [] }: RouteDescription): Described[] =>
  parameters
    .filter((one) => one.in === 'path' || one.in === 'query')
    .map(({ name, required = false, description, schema = {} }) => ({
      name,
      required,
      ...(description !== undefined && { description }),
      schema,
    }));

function bodyOf({ requestBody }: RouteDescription): string | undefined {
  const reference = requestBody?.content['application/json']?.schema.$ref;
  return typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
}

function membersOf(schema: string | undefined, schemas: Schemas): Described[] {
  const { properties = {}, required = [] } = schemas[schema ?? ''] ?? {};
  return Object.entries(properties).map(([name, one]) => ({ name, required: required.includes(name), schema: one }));
}

function resultOf({ responses }: RouteDescription): JsonObject {
  const [, success] = Object.entries(responses).find(([status]) => status.startsWith('2')) ?? [];
  return success?.content?.['application/json']?.schema ?? { type: 'null' };
}
