import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Logger, logContext, type LogKeys } from '../logging/index.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Keys of this request's lines; `logContext.add` adds to them while the request is worked on. */
    logKeys: LogKeys;
  }
}

/** Asked every few seconds by machines; their lines would bury the others. */
const PROBES = new Set(['/livez', '/readyz', '/healthz', '/metrics']);

/**
 * One line a request, when it ends, and the request's keys on every line in between. The line names the route, never
 * the URL: query strings may carry tokens.
 */
export function logRequests(fastify: FastifyInstance, logger: Logger): void {
  fastify.decorateRequest('logKeys');

  fastify.addHook('onRequest', (request, _reply, done) => {
    request.logKeys = { requestId: request.id };
    done();
  });
  // Here and not in onRequest: what follows a body runs in the asynchronous context of its socket.
  fastify.addHook('preValidation', (request, _reply, done) => logContext.run(request.logKeys, done));

  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url;
    const level = reply.statusCode < 500 && route !== undefined && PROBES.has(route) ? 'debug' : 'info';
    if (logger.isLevelEnabled(level)) logger[level](lineOf(request, reply, route), 'request');
    done();
  });
}

function lineOf(request: FastifyRequest, reply: FastifyReply, route: string | undefined): LogKeys {
  return {
    ...request.logKeys,
    method: request.method,
    route,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 100) / 100,
    ...(!reply.raw.writableFinished && { aborted: true }),
  };
}
