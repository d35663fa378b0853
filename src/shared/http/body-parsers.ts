import { applyDecorators, UnsupportedMediaTypeException } from '@nestjs/common';
import { ApiConsumes } from '@nestjs/swagger';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson, parseNdjson } from './json-body.js';
import { RouteConfig } from './route-config.js';

export interface BodyOptions {
  /** Largest body: so many bytes, or what the server allows a batch; what it allows any request when left out. */
  limit?: number | 'batch';
  /** Reads `application/x-ndjson` as well: the lines become the items of this field, at most `maxItems`. */
  ndjson?: { field: string; maxItems: number };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    body?: BodyOptions;
  }
}

/** For a route whose body is more than the usual: `@AcceptsBody({ limit: 'batch', ndjson: { field: 'tasks', maxItems: 10_000 } })`. */
export const AcceptsBody = (options: BodyOptions): MethodDecorator =>
  applyDecorators(
    RouteConfig({ body: options }),
    ...(options.ndjson ? [ApiConsumes('application/json', 'application/x-ndjson')] : []),
  );

const JSON_TYPES = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i;
const NDJSON_TYPES = /^application\/(?:x-ndjson|jsonl|ndjson)(?:\s*;|$)/i;

/** Replaces every parser of the instance: what is read is JSON, by our rules; anything else is answered 415. */
export function readJsonBodies(fastify: FastifyInstance, batchLimit: number): void {
  fastify.addHook('onRoute', (route) => {
    const limit = route.config?.body?.limit;
    if (limit !== undefined) route.bodyLimit = limit === 'batch' ? batchLimit : limit;
  });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(JSON_TYPES, { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer, done) => {
    done(null, jsonOf(request, body));
  });
  fastify.addContentTypeParser(NDJSON_TYPES, { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer, done) => {
    done(null, linesOf(request, body));
  });
}

/** Clients that name a type on every request do so on a DELETE without a body too. */
const jsonOf = (request: FastifyRequest, body: Buffer): unknown =>
  request.method === 'DELETE' && body.length === 0 ? undefined : parseJson(body);

function linesOf(request: FastifyRequest, body: Buffer): unknown {
  const ndjson = request.routeOptions.config.body?.ndjson;
  if (!ndjson) throw new UnsupportedMediaTypeException('This route reads application/json only.');
  return { [ndjson.field]: parseNdjson(body, ndjson.field, ndjson.maxItems) };
}
