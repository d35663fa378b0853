import type { Metrics } from './metrics.js';

interface MeasuredRequest {
  method: string;
  routeOptions: { url?: string | undefined };
}

interface MeasuredReply {
  statusCode: number;
  /** Milliseconds. */
  elapsedTime: number;
}

/**
 * Fastify's `onResponse` hook: `fastify.addHook('onResponse', measureHttp(metrics))`. The label is the route's template
 * (`/v1/tasks/:id`), and `unmatched` where there is none: what clients can invent must not become a label.
 */
export function measureHttp(metrics: Metrics) {
  return (request: MeasuredRequest, reply: MeasuredReply, done: () => void): void => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'unmatched', status: reply.statusCode };
    metrics.httpDuration.observe(labels, reply.elapsedTime / 1_000);
    done();
  };
}
