import {
  applyDecorators,
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  type OnModuleInit,
  UseInterceptors,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { Principal } from '../auth/caller.js';
import { Transactions } from '../database/index.js';
import { RouteConfig } from '../http/route-config.js';
import type { AuditEntry } from './audit.repository.js';
import { AuditService } from './audit.service.js';
import { requestEntry } from './request-entry.js';

/**
 * How a route is audited. `after`: written after the answer, what every change gets unless it says otherwise.
 * `with_change`: in the change's own transaction, for administration. `never`: for what changes nothing that matters
 * later, such as heartbeats.
 */
export type AuditMode = 'after' | 'with_change' | 'never';

declare module 'fastify' {
  interface FastifyContextConfig {
    audit?: AuditMode;
  }
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export const Audit = (mode: AuditMode): MethodDecorator =>
  applyDecorators(RouteConfig({ audit: mode }), ...(mode === 'with_change' ? [UseInterceptors(AuditWithChange)] : []));

/** Records the changes that succeeded. Refusals for credentials are recorded by the guard, which makes them. */
@Injectable()
export class AuditedRoutes implements OnModuleInit {
  constructor(
    private readonly audit: AuditService,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter?.getInstance<FastifyInstance>();
    // When an answer is sent its change is committed.
    fastify?.addHook('onSend', (request, reply, _payload, done) => {
      const { caller } = request;
      if (caller && modeOf(request) === 'after' && reply.statusCode < 400 && !isReplay(reply)) {
        this.audit.record(caller.tenantId, entryOf(request, reply, caller, request.answer));
      }
      done();
    });
  }
}

/** Writes the entry in the transaction of the change. */
@Injectable()
class AuditWithChange implements NestInterceptor {
  constructor(
    private readonly audit: AuditService,
    private readonly transactions: Transactions,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const { caller } = request;
    if (!caller) return next.handle();
    return from(this.write(request, http.getResponse<FastifyReply>(), caller, next));
  }

  private write(request: FastifyRequest, reply: FastifyReply, caller: Principal, next: CallHandler): Promise<unknown> {
    return this.transactions.run({}, async () => {
      const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      if (!isReplay(reply)) await this.audit.write(caller.tenantId, entryOf(request, reply, caller, value));
      return value;
    });
  }
}

const modeOf = ({ method, routeOptions }: FastifyRequest): AuditMode =>
  SAFE.has(method) ? 'never' : (routeOptions.config.audit ?? 'after');

const isReplay = (reply: FastifyReply): boolean => reply.hasHeader('idempotency-replayed');

function entryOf(request: FastifyRequest, reply: FastifyReply, caller: Principal, value: unknown): AuditEntry {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
  return requestEntry(request, caller, {
    status: reply.statusCode,
    ...(typeof id === 'string' && { subjectId: id }),
  });
}
