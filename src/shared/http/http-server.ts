import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { assertStorable } from '../errors/index.js';
import type { Logger } from '../logging/index.js';
import { answerUnroutedRequests } from './allowed-methods.js';
import { runRoutesAround } from './answers.js';
import { readJsonBodies } from './body-parsers.js';
import { answerBrokenRequest } from './broken-requests.js';
import { refuseWhileDraining } from './draining.js';
import { answerConditionally, tagVersion } from './etag.js';
import { recogniseInProcessCalls } from './in-process-calls.js';
import { type ApiDescription, serveOpenApi } from './openapi.js';
import { ProblemFilter } from './problem.filter.js';
import { logRequests } from './request-log.js';
import { closeSilentConnections } from './silent-connections.js';
import { DtoPipe } from './validation.js';

export interface AdapterOptions {
  /** Largest body in bytes; a route may ask for another limit by `@AcceptsBody`. 1 MiB when left out. */
  bodyLimit?: number;
  /** Largest body of the routes with `@AcceptsBody({ limit: 'batch' })`. 32 MiB when left out. */
  batchBodyLimit?: number;
  /**
   * Whose X-Forwarded-* headers count: everybody's (true), or those of addresses and networks. Nobody's when left out.
   * A number of hops is not taken: Fastify trusts nobody then, since whoever connects directly could pretend them.
   */
  trustProxy?: boolean | readonly string[];
  /** Within which a request must have arrived in full. 30 s when left out. */
  requestTimeoutMs?: number;
  /** How long an idle connection is kept. 72 s when left out: longer than load balancers keep theirs (60 s). */
  keepAliveTimeoutMs?: number;
}

export interface HttpOptions {
  logger: Logger;
  api: ApiDescription;
  /** Origins whose pages may call, or `*`; none when left out. */
  corsOrigins?: readonly string[] | '*';
  /** Whether this node is stopping. */
  isDraining?: () => boolean;
}

const MiB = 1024 * 1024;

/** Fastify under our own body parsers; Nest would add one for forms, and JSON's own rules again. */
class JsonFastifyAdapter extends FastifyAdapter {
  override registerParserMiddleware(): void {}

  /** Every answer of a route passes here, as the value that it returned. */
  override reply(reply: FastifyReply | ServerResponse, body: unknown, status?: number): FastifyReply {
    if (!('request' in reply)) return super.reply(reply, body, status);
    const { request } = reply;
    tagVersion(reply, body);
    request.answer = body;
    if (request.taker) {
      if (status !== undefined) reply.code(status);
      request.taker.answered(body);
    } else {
      super.reply(reply, body, status);
    }
    // Nest awaits what is returned, and a reply would make it wait for the end of the response.
    return undefined as unknown as FastifyReply;
  }

  /** As every other answer, for a route with `@Redirect`. */
  override redirect(reply: FastifyReply, status: number | undefined, url: string): FastifyReply {
    const { taker } = reply.request;
    if (!taker) return super.redirect(reply, status ?? 302, url);
    reply.code(status ?? 302).header('location', url);
    taker.answered(undefined);
    return reply;
  }
}

/** The server to hand to `NestFactory.create`; `configureHttp` does the rest. */
export function createFastifyAdapter(options: AdapterOptions = {}): FastifyAdapter {
  const filter = new ProblemFilter();
  const requestTimeout = options.requestTimeoutMs ?? 30_000;
  const adapter = new JsonFastifyAdapter({
    logger: false,
    bodyLimit: options.bodyLimit ?? MiB,
    trustProxy: typeof options.trustProxy === 'object' ? [...options.trustProxy] : (options.trustProxy ?? false),
    requestTimeout,
    // Node takes the larger of both limits for the whole request, and looks for late ones only every 30 s by itself.
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(5_000, requestTimeout / 4) },
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 72_000,
    genReqId: requestIdOf,
    return503OnClosing: false,
    clientErrorHandler: answerBrokenRequest,
    // A path that cannot be decoded is refused before any hook and any filter.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      stampReply(request, reply);
      filter.answer(error, request, reply);
    },
  });
  readJsonBodies(adapter.getInstance(), options.batchBodyLimit ?? 32 * MiB);
  return adapter;
}

/**
 * Everything every route shares. Called once, before `app.init()` or `app.listen()`; main and tests use the same.
 *
 * The hooks call `done` and are not asynchronous: AsyncLocalStorage has each promise watched, and a request passes
 * ten of them.
 */
export function configureHttp(app: NestFastifyApplication, options: HttpOptions): void {
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();

  recogniseInProcessCalls(fastify);
  runRoutesAround(fastify);
  logRequests(fastify, options.logger);
  fastify.addHook('onRequest', (request, reply, done) => {
    stampReply(request, reply);
    done();
  });
  refuseWhileDraining(fastify, options.isDraining ?? (() => false));
  answerUnroutedRequests(fastify);
  refuseUnstorableUrls(fastify);
  answerConditionally(fastify);
  closeSilentConnections(fastify);

  if (options.corsOrigins?.length) app.enableCors(corsOf(options.corsOrigins));
  app.useGlobalPipes(new DtoPipe());
  app.useGlobalFilters(new ProblemFilter());
  serveOpenApi(app, options.api);
}

/** A caller's X-Request-Id is kept when it is short and plain, so that it can stand in logs, headers and `instance`. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
}

/** The page under /docs is the only one with scripts and styles, all of them its own. */
const DOCS_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

function stampReply(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({
    'x-request-id': request.id,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': request.url.startsWith('/docs') ? DOCS_POLICY : API_POLICY,
    'cache-control': 'no-store',
  });
}

/** NUL can only come escaped, and half a surrogate not at all, so a URL without `%` needs no look. */
function refuseUnstorableUrls(fastify: FastifyInstance): void {
  fastify.addHook('preValidation', (request, _reply, done) => {
    if (request.url.includes('%')) {
      assertStorable({ ...(request.params as object) });
      assertStorable({ ...(request.query as object) });
    }
    done();
  });
}

const corsOf = (origins: readonly string[] | '*') => ({
  origin: origins === '*' ? '*' : [...origins],
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  exposedHeaders: [
    'ETag',
    'Location',
    'Retry-After',
    'X-Request-Id',
    'Idempotency-Replayed',
    'RateLimit-Limit',
    'RateLimit-Remaining',
    'RateLimit-Reset',
  ],
  maxAge: 600,
  strictPreflight: false,
});
