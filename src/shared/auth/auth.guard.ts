import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditService } from '../audit/audit.service.js';
import { requestEntry } from '../audit/request-entry.js';
import { ACCESS, type Access } from './access.js';
import { Admission } from './admission.js';
import { after, type AtHand } from './at-hand.js';
import { MissingScope } from './auth.errors.js';
import type { Principal, Scope } from './caller.js';
import { grants } from './scopes.js';

/** Stands before every route. A route that is not `@Public()` needs credentials, and the scope that it names. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly admission: Admission,
    private readonly audit: AuditService,
  ) {}

  canActivate(context: ExecutionContext): AtHand<boolean> {
    if (context.getType() !== 'http') return false;
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'public') return true;

    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const admitted = this.admission.admit(request, http.getResponse<FastifyReply>());
    return after(admitted, (caller) => this.mayCall(request, caller, access ?? 'admin'));
  }

  /** @throws MissingScope */
  private mayCall(request: FastifyRequest, caller: Principal, required: Scope): boolean {
    if (grants(caller.scopes, required)) return true;

    const refusal = new MissingScope(required, caller.scopes);
    this.audit.record(caller.tenantId, requestEntry(request, caller, { status: 403, code: refusal.code }));
    throw refusal;
  }
}
