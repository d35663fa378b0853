import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { logContext } from '../logging/index.js';
import { problemHeaders, toProblem } from './problem.js';

/** Answers every thrown value as `application/problem+json`; failures of ours are logged with their causes. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    if (request.taker) request.taker.failed(error);
    else this.answer(error, request, http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = toProblem(error, request.id);
    this.record(error, problem.status, request);
    Object.assign(request.logKeys ?? {}, { code: problem.code });

    if (reply.raw.headersSent) {
      // A stream broke after its head was sent: only a cut connection tells the reader that this was not the end.
      reply.raw.destroy();
      return;
    }
    reply.code(problem.status).headers(problemHeaders(error, problem)).send(JSON.stringify(problem));
  }

  private record(error: unknown, status: number, request: FastifyRequest): void {
    if (status < 500 || hungUp(error, request)) return;
    logContext.run({ ...request.logKeys, requestId: request.id }, () => {
      const line = { msg: 'request failed', method: request.method, route: request.routeOptions?.url, err: error };
      if (status === 503) this.log.warn(line);
      else this.log.error(line);
    });
  }
}

/** The sender went away while its body was being read; nobody is left to answer and nothing of ours failed. */
const hungUp = (error: unknown, request: FastifyRequest): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ECONNRESET' && request.raw.destroyed;
