import {
  type CallHandler,
  type CustomDecorator,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  SetMetadata,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable, tap } from 'rxjs';
import type { Principal } from '../auth/caller.js';
import { Transactions } from '../database/index.js';
import type { AuditEntry } from './audit.repository.js';
import { AuditService } from './audit.service.js';
import { requestEntry } from './request-entry.js';

/**
 * How a route is audited. `after`: written after the answer, what every change gets unless it says otherwise.
 * `with_change`: in the change's own transaction, for administration. `never`: for what changes nothing that matters
 * later, such as heartbeats.
 */
export type AuditMode = 'after' | 'with_change' | 'never';

const AUDIT = 'muster:audit';
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export const Audit = (mode: AuditMode): CustomDecorator => SetMetadata(AUDIT, mode);

/** Records the changes that succeeded. Refusals for credentials are recorded by the guard, which makes them. */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly audit: AuditService,
    private readonly transactions: Transactions,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { caller } = request;
    if (!caller) return next.handle();

    const change: Change = {
      tenantId: caller.tenantId,
      entry: (value) => (isReplay(reply) ? undefined : entryOf(request, reply, caller, value)),
    };
    switch (this.modeOf(context, request)) {
      case 'never':
        return next.handle();
      case 'after':
        return this.recordAfter(change, next);
      case 'with_change':
        return from(this.writeWithChange(change, next));
    }
  }

  private modeOf(context: ExecutionContext, request: FastifyRequest): AuditMode {
    const targets = [context.getHandler(), context.getClass()];
    const declared = this.reflector.getAllAndOverride<AuditMode | undefined>(AUDIT, targets);
    return declared ?? (SAFE.has(request.method) ? 'never' : 'after');
  }

  private recordAfter({ tenantId, entry }: Change, next: CallHandler): Observable<unknown> {
    // Taken here, because the value may arrive outside of the transaction's asynchronous context.
    const transaction = this.transactions.current();
    return next.handle().pipe(
      tap((value) => {
        const made = entry(value);
        if (!made) return;
        const record = (): void => this.audit.record(tenantId, made);
        if (transaction) transaction.afterCommit(record);
        else record();
      }),
    );
  }

  private writeWithChange({ tenantId, entry }: Change, next: CallHandler): Promise<unknown> {
    return this.transactions.run({}, async () => {
      const value: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      const made = entry(value);
      if (made) await this.audit.write(tenantId, made);
      return value;
    });
  }
}

interface Change {
  tenantId: string;
  /** The entry once the route has answered; none when it only repeated an answer. */
  entry: (value: unknown) => AuditEntry | undefined;
}

const isReplay = (reply: FastifyReply): boolean => reply.hasHeader('idempotency-replayed');

function entryOf(request: FastifyRequest, reply: FastifyReply, caller: Principal, value: unknown): AuditEntry {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined;
  return requestEntry(request, caller, {
    status: reply.statusCode,
    ...(typeof id === 'string' && { subjectId: id }),
  });
}
