import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, InvalidInput } from '../errors/index.js';
import { RouteConfig } from './route-config.js';

/** The route changes one version of a thing, and the request did not say which. */
export class PreconditionRequired extends DomainError {
  readonly kind = 'precondition_required';
  readonly code = 'precondition_required';

  constructor() {
    super('Send the version that you read as If-Match: "<version>"; it is the ETag of the answer.');
  }
}

export const etagOf = (version: number): string => `"${version}"`;

/**
 * The version of an If-Match header. Exactly one is taken; `*` is refused, since it would overwrite whatever is there.
 * A weak tag (`W/"3"`) counts as the strong one: proxies that compress weaken tags, and ours name the same content.
 *
 * @throws PreconditionRequired without the header, InvalidInput when it names no version
 */
export function parseIfMatch(header: string | undefined): number {
  if (header === undefined || header.trim() === '') throw new PreconditionRequired();
  const version = /^\s*(?:W\/)?"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (version === undefined) {
    throw InvalidInput.of('If-Match', 'isVersion', 'If-Match must name one version in quotes, such as "3".');
  }
  return Number(version);
}

/** `@IfMatch() version: number`: the version the caller expects; see `parseIfMatch`. */
export const IfMatch: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    parseIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
  [
    (target, key) => {
      const method = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
      const describe = ApiHeader({
        name: 'If-Match',
        required: true,
        description: 'The version that was read: `"3"`.',
      });
      if (key !== undefined && method) describe(target, key, method);
    },
  ],
);

declare module 'fastify' {
  interface FastifyContextConfig {
    sendsVersion?: boolean;
  }
}

/** For a route whose answer has a `version`: sends it as `ETag`, and 304 to whoever has it (If-None-Match). */
export const SendsVersion = (): MethodDecorator => RouteConfig({ sendsVersion: true });

/** Called with what a route answers. */
export function tagVersion(reply: FastifyReply, answer: unknown): void {
  // What a filter of the application's answers comes here too.
  if (!reply.routeOptions.config.sendsVersion || reply.statusCode >= 400) return;
  reply.header('etag', etagOf((answer as { version: number }).version));
}

/** Whether an If-None-Match header names the tag; weak comparison of RFC 9110 §8.8.3.2. */
export function noneMatchNames(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  return header.split(',').some((tag) => opaque(tag) === opaque(etag));
}

/** Answers 304 for what the reader has already, and lets it keep what carries a tag, to be asked for again each time. */
export function answerConditionally(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const etag = reads && reply.statusCode === 200 && reply.getHeader('etag');
    if (typeof etag !== 'string') {
      done();
      return;
    }
    if (reply.getHeader('cache-control') === 'no-store') reply.header('cache-control', 'private, no-cache');
    const known = noneMatchNames(request.headers['if-none-match'], etag);
    if (known) reply.code(304).removeHeader('content-type').removeHeader('content-length');
    done(null, known ? null : payload);
  });
}
