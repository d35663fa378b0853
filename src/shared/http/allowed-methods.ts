import { MethodNotAllowedException, NotFoundException } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/**
 * Tells a wrong method (405 with `Allow`) from an unknown path (404), and answers OPTIONS with what a path allows;
 * Fastify calls all three "not found". Routes are looked through one by one, on such requests only.
 */
export function answerUnroutedRequests(fastify: FastifyInstance): void {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  fastify.addHook('onRoute', ({ url, method }) => {
    if (url === '*' || url === '/*') return; // CORS answers preflights of any path, which does not make them routes.
    const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    for (const one of [method].flat()) route.methods.add(one);
    routes.set(url, route);
  });

  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const path = request.url.replace(/[?#].*$/s, '');
    const allowed = [...routes.values()].filter(({ pattern }) => pattern.test(path)).flatMap((one) => [...one.methods]);
    if (allowed.length === 0) throw new NotFoundException(`There is no route ${request.method} ${path}.`);

    reply.header('allow', [...new Set([...allowed, 'OPTIONS'])].sort().join(', '));
    if (request.method !== 'OPTIONS') throw new MethodNotAllowedException(`${path} does not answer ${request.method}.`);
    reply.code(204).send();
  });
}

/** A route as find-my-way writes it (`/v1/tasks/:id/claim`, `/docs/*`) as an expression over request paths. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:\w+/g, '[^/]+')
    .replaceAll('*', '.*');
  return new RegExp(`^${source}$`);
}
