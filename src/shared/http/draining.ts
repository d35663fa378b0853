import type { FastifyInstance } from 'fastify';
import { DomainError } from '../errors/index.js';

/** This node is stopping; another one, or this one after its restart, will answer. */
export class NodeStopping extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'draining';
  override readonly retryAfterSeconds = 1;

  constructor() {
    super('This node is stopping; repeat the request on a new connection.');
  }
}

/** Probes and the last scrape of metrics are answered to the end. */
const ANSWERED_TO_THE_END = new Set(['/livez', '/readyz', '/metrics']);

/** While draining, new requests are refused and every answer closes its connection; running ones finish. */
export function refuseWhileDraining(fastify: FastifyInstance, isDraining: () => boolean): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (isDraining() && !ANSWERED_TO_THE_END.has(request.routeOptions.url ?? '')) throw new NodeStopping();
    done();
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining()) reply.header('connection', 'close');
    done();
  });
}
