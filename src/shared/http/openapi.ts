import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiGoneResponse, DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';

/** What the document says of itself. */
export interface ApiDescription {
  title: string;
  version: string;
  description?: string;
}

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;
type Parameter = Extract<NonNullable<Operation['parameters']>[number], { name: string }>;

/** The `type` by which a decorator says that a field takes any JSON value; the document says so by having none. */
export const ANY_TYPE = 'any';

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** For routes that take a cursor into a feed. */
export const AnswersGone = (): MethodDecorator =>
  ApiGoneResponse({
    description: 'Events after the cursor are no longer kept, or the feed has not reached it.',
    content: PROBLEM,
  });

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;
const MUTATIONS: ReadonlySet<string> = new Set(['post', 'put', 'patch', 'delete']);

/** What the routes under this prefix have in common; the others (probes, metrics, this document) are open. */
const API_PREFIX = '/v1/';

const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'RFC 9457. Further members depend on `code`; refused input lists its fields under `errors`.',
  required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri', examples: ['urn:muster:problem:invalid_input'] },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable; decide by it.', examples: ['invalid_input'] },
    instance: { type: 'string', description: 'The id of the request, as in X-Request-Id.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'rule', 'message'],
        properties: {
          field: { type: 'string', examples: ['tasks[2].priority'] },
          rule: { type: 'string', examples: ['isIn'] },
          message: { type: 'string' },
        },
      },
    },
  },
  additionalProperties: true,
};

const COMMON_ERRORS = ['400', '401', '403', '404', '429', '500', '503'];
const MUTATION_ERRORS = ['409', '413', '415', '422'];
const VERSIONED_ERRORS = ['412', '428'];

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Makes the request safe to repeat: the same key and body give the first answer again; another body gives 422; while the first is running, 409 with Retry-After.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
} satisfies Parameter;

/** The OpenAPI 3.1 document of the running application. DTO schemas come from the compiler plugin in nest-cli.json. */
export function createOpenApiDocument(app: NestFastifyApplication, api: ApiDescription): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(api.title)
    .setVersion(api.version)
    .setDescription(api.description ?? '')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'mst_…', description: 'An API key.' }, 'apiKey')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of the OpenID provider.' },
      'oidc',
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: operationId });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM_SCHEMA },
  };
  for (const schema of Object.values(document.components.schemas ?? {})) openAny(schema);
  for (const [path, item] of Object.entries(document.paths)) completePath(path, item);
  return document;
}

function openAny(schema: object): void {
  const { properties = {} } = schema as { properties?: Record<string, { type?: unknown }> };
  for (const property of Object.values(properties)) {
    if (property.type === ANY_TYPE) delete property.type;
  }
}

/** The document at /openapi.json and a page of it at /docs, whose files all come from this server. */
export function serveOpenApi(app: NestFastifyApplication, api: ApiDescription): void {
  SwaggerModule.setup('docs', app, () => createOpenApiDocument(app, api), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: api.title,
    swaggerOptions: { validatorUrl: null, persistAuthorization: true, displayRequestDuration: true },
  });
}

/** `TasksController.create` → `tasks.create`. */
const operationId = (controller: string, method: string): string => {
  const noun = controller.replace(/Controller$/, '');
  return `${noun.charAt(0).toLowerCase()}${noun.slice(1)}.${method}`;
};

function completePath(path: string, item: PathItem): void {
  for (const method of METHODS) {
    const operation = item[method];
    if (!operation) continue;
    if (path.startsWith(API_PREFIX)) completeOperation(operation, method);
    else operation.security = [];
  }
}

function completeOperation(operation: Operation, method: string): void {
  const parameters = (operation.parameters ?? []).filter(isNoCredential).map(describeId);
  const isMutation = MUTATIONS.has(method);
  const isVersioned = parameters.some((one) => 'name' in one && one.name === 'If-Match');
  const errors = [
    ...COMMON_ERRORS,
    ...(isMutation ? MUTATION_ERRORS : []),
    ...(isVersioned ? VERSIONED_ERRORS : []),
  ].sort();

  operation.security ??= [{ apiKey: [] }, { oidc: [] }];
  operation.parameters = isMutation ? [...parameters, IDEMPOTENCY_KEY] : parameters;
  operation.responses = { ...operation.responses, ...problemResponses(errors, operation) };
}

/** What a route says of a status itself stays. */
function problemResponses(statuses: readonly string[], operation: Operation): Operation['responses'] {
  const missing = statuses.filter((status) => !operation.responses?.[status]);
  return Object.fromEntries(
    missing.map((status) => [status, { description: STATUS_CODES[status] ?? status, content: PROBLEM }]),
  );
}

/** That is what `security` says; OpenAPI bids readers ignore such a parameter. */
const isNoCredential = (parameter: object): boolean => (parameter as Partial<Parameter>).name !== 'authorization';

/** `{id}` and `{taskId}` in a path are UUIDs everywhere. */
function describeId<T extends object>(parameter: T): T {
  const { in: place, name } = parameter as Partial<Parameter>;
  if (place !== 'path' || !/^id$|Id$/.test(name ?? '')) return parameter;
  return { ...parameter, schema: { type: 'string', format: 'uuid' } };
}
