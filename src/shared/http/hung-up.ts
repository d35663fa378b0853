import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * `@HungUp() signal: AbortSignal`: fires when the connection closes, or whoever called in process gave up, so while the
 * route still works nobody waits for its answer any more. Fastify's `request.signal` watches the request instead, which is over once its body was read.
 */
export const HungUp: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): AbortSignal => {
    const http = context.switchToHttp();
    const { inProcess } = http.getRequest<FastifyRequest>();
    if (inProcess) return inProcess.signal;
    const gone = new AbortController();
    http.getResponse<FastifyReply>().raw.once('close', () => gone.abort());
    return gone.signal;
  },
);
