import type { FastifyInstance, FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the route answered, before it became text. */
    answer: unknown;
    /** Set by a hook before the handler: is given the route to run, and sends the answer. */
    around: ((route: () => Promise<unknown>) => Promise<unknown>) | undefined;
    /** Takes what the route answers or throws, while that is not sent. */
    taker: Taker | undefined;
  }
}

interface Taker {
  answered: (value: unknown) => void;
  failed: (error: unknown) => void;
}

/**
 * Lets a hook run the route by `request.around`. A global interceptor of Nest's could do the same, and costs every
 * request observables: about 25 µs of CPU where a whole request of bare Nest took 60.
 */
export function runRoutesAround(fastify: FastifyInstance): void {
  fastify.decorateRequest('answer', undefined);
  fastify.decorateRequest('around', undefined);
  fastify.decorateRequest('taker', undefined);

  fastify.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const { around } = request;
      return around
        ? around(() => outcomeOf(request, () => handler.call(this, request, reply)))
        : handler.call(this, request, reply);
    };
  });
}

/** What the route answers or throws, which the adapter and the filter hand over instead of sending it. */
async function outcomeOf(request: FastifyRequest, handle: () => unknown): Promise<unknown> {
  try {
    return await new Promise((answered, failed) => {
      request.taker = { answered, failed };
      const sentItself = (): void => failed(new TypeError('A route that sends its answer itself cannot be repeated.'));
      // After a failure Nest waits for the reply to be sent, so nobody may wait for this.
      Promise.resolve(handle()).then(sentItself, failed);
    });
  } finally {
    request.taker = undefined;
  }
}
