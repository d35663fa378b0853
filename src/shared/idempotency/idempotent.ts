import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInput } from '../errors/index.js';
import { RouteConfig } from '../http/route-config.js';
import { fingerprintOf } from './fingerprint.js';
import type { IdempotencyRequest } from './idempotency.service.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    idempotentByHand?: boolean;
  }
}

/** For a route that takes `@IdempotencyContext()` and calls `IdempotencyService.run` itself. */
export const IdempotentByHand = (): MethodDecorator => RouteConfig({ idempotentByHand: true });

/** `@IdempotencyContext() request: IdempotencyRequest | undefined`: undefined when the caller sent no Idempotency-Key. */
export const IdempotencyContext: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotencyRequest | undefined => {
    const http = context.switchToHttp();
    return requestOf(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  },
);

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const KEY = /^[\x20-\x7e]{1,255}$/;

/** What makes an HTTP request repeatable: its key, its caller and what it asks. @throws InvalidInput for a bad key */
export function requestOf(request: FastifyRequest, reply: FastifyReply): IdempotencyRequest | undefined {
  const key = request.headers['idempotency-key'];
  const { caller } = request;
  if (key === undefined || !caller || SAFE.has(request.method)) return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    const rule = 'Idempotency-Key must be 1 to 255 printable ASCII characters.';
    throw InvalidInput.of('Idempotency-Key', 'isIdempotencyKey', rule);
  }
  return {
    tenantId: caller.tenantId,
    actorId: caller.actorId,
    key,
    fingerprint: fingerprintOf({
      method: request.method,
      url: request.url,
      body: request.body,
      ...(request.headers['if-match'] !== undefined && { ifMatch: request.headers['if-match'] }),
    }),
    onReplay: () => void reply.header('idempotency-replayed', 'true'),
  };
}
