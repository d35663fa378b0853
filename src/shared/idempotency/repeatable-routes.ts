import { Injectable, type OnModuleInit, StreamableFile } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import type { Answer } from './idempotency.repository.js';
import { IdempotencyService, type IdempotencyRequest } from './idempotency.service.js';
import { requestOf } from './idempotent.js';

/** Headers that belong to the answer and not to its delivery. */
const KEPT = ['etag', 'location', 'content-type'] as const;

/**
 * Makes every change repeatable: with an Idempotency-Key the route runs inside one transaction that also keeps its
 * answer. Without one it runs as it is, and hot operations can be batched.
 */
@Injectable()
export class RepeatableRoutes implements OnModuleInit {
  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter?.getInstance<FastifyInstance>();
    fastify?.addHook('preHandler', (request, reply, done) => {
      const { access, idempotentByHand } = request.routeOptions.config;
      // Routes that declare no access are none of a controller, and send their answers themselves.
      const asked = access && !idempotentByHand ? requestOf(request, reply) : undefined;
      if (asked) request.around = (route) => this.once(asked, reply, route);
      done();
    });
  }

  /** Sends the text of the answer: the first one and its repeats are the same to the byte. */
  private async once(
    asked: IdempotencyRequest,
    reply: FastifyReply,
    route: () => Promise<unknown>,
  ): Promise<FastifyReply> {
    let refused: Answer | undefined;
    const kept = await this.idempotency.answer(asked, async () => {
      const answer = answerOf(reply, await route());
      // A filter of the application's has answered for an error: nothing was done, and nothing is kept.
      refused = answer.status < 400 ? undefined : answer;
      return refused ? undefined : answer;
    });
    const answer = kept ?? refused;
    if (answer) reply.code(answer.status).headers(answer.headers);
    return reply.send(answer?.body ?? undefined);
  }
}

function answerOf(reply: FastifyReply, value: unknown): Answer {
  if (reply.sent || value instanceof StreamableFile || value instanceof Readable) {
    throw new TypeError('A route that streams its answer cannot repeat it; mark it with @IdempotentByHand().');
  }
  const headers: Record<string, string> = {};
  for (const name of KEPT) {
    const header = reply.getHeader(name);
    if (header !== undefined) headers[name] = String(header);
  }
  const { statusCode: status } = reply;
  if (value === undefined || value === null) return { status, headers, body: null };
  if (typeof value === 'string') return { status, headers, body: value };
  const body = reply.serialize(value) as string;
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}
