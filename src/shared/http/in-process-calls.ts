import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** A request that another door of this process makes. It takes the way of every request, hooks, guard and pipes included. */
export interface InProcessCall {
  /** Fires when nobody waits for the answer any more: what waits ends, and answers what it has. */
  readonly signal: AbortSignal;
  /** It asks for a connection of another protocol. */
  readonly upgrade?: boolean;
  /** What it became, from the first hook on. */
  request?: FastifyRequest;
}

export interface InProcessRequest {
  method: string;
  url: string;
  headers: Record<string, string | string[]>;
  body?: string;
  /** Where the caller comes from. */
  address: string;
}

export interface InProcessAnswer {
  status: number;
  headers: NodeJS.Dict<number | string | string[]>;
  body: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when it came by another door of this process. */
    inProcess: InProcessCall | undefined;
  }
}

const current = new AsyncLocalStorage<InProcessCall>();

export function recogniseInProcessCalls(fastify: FastifyInstance): void {
  fastify.decorateRequest('inProcess', undefined);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const call = current.getStore();
    if (call) {
      request.inProcess = call;
      call.request = request;
    }
    done();
  });
}

/** Makes the call. Refusals are answers, as over a connection; it fails only when the server is closed. */
export function callInProcess(
  fastify: FastifyInstance,
  { method, url, headers, body, address }: InProcessRequest,
  call: InProcessCall,
): Promise<InProcessAnswer> {
  const asked = {
    method,
    url,
    headers,
    remoteAddress: address,
    // The options are ours and need no look at them by their schema.
    validate: false,
    ...(body !== undefined && { payload: body }),
  };
  return new Promise((resolve, reject) => {
    current.run(call, () =>
      fastify.inject(asked, (error, response) => {
        if (error || !response) reject(error ?? new Error('There was no answer.'));
        else resolve({ status: response.statusCode, headers: response.headers, body: response.body });
      }),
    );
  });
}
