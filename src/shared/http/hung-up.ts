import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/**
 * `@HungUp() signal: AbortSignal`: fires when the connection closes, so while the route still works nobody waits for its
 * answer any more. Fastify's `request.signal` watches the request instead, which is over once its body was read.
 */
export const HungUp: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): AbortSignal => {
    const gone = new AbortController();
    context
      .switchToHttp()
      .getResponse<FastifyReply>()
      .raw.once('close', () => gone.abort());
    return gone.signal;
  },
);
