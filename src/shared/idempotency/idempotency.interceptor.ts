import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  StreamableFile,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { Answer } from './idempotency.repository.js';
import { IdempotencyService, type IdempotencyRequest } from './idempotency.service.js';
import { BY_HAND, requestOf } from './idempotent.js';

/** Headers that belong to the answer and not to its delivery. */
const KEPT = ['etag', 'location', 'content-type'] as const;

/**
 * Makes every change repeatable: with an Idempotency-Key the route runs inside one transaction that also keeps its
 * answer. Without one it runs as it is, and hot operations can be batched.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly idempotency: IdempotencyService,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const byHand = this.reflector.getAllAndOverride<boolean>(BY_HAND, [context.getHandler(), context.getClass()]);
    if (byHand) return next.handle();

    const http = context.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const request = requestOf(http.getRequest<FastifyRequest>(), reply);
    return request ? from(this.once(request, reply, next)) : next.handle();
  }

  /** The text of the answer: the first one and its repeats are the same to the byte. */
  private async once(request: IdempotencyRequest, reply: FastifyReply, next: CallHandler): Promise<string | undefined> {
    const answer = await this.idempotency.answer(request, async () =>
      answerOf(reply, await lastValueFrom(next.handle() as Observable<unknown>, { defaultValue: undefined })),
    );
    if (!answer) return undefined;
    reply.status(answer.status).headers(answer.headers);
    return answer.body ?? undefined;
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
