import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ACCESS, type Access } from './access.js';
import { Admission } from './admission.js';
import type { AtHand } from './at-hand.js';

/** Stands before every route. A route that is not `@Public()` needs credentials, and the scope that it names. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly admission: Admission,
  ) {}

  canActivate(context: ExecutionContext): AtHand<boolean> {
    if (context.getType() !== 'http') return false;
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'public') return true;

    const http = context.switchToHttp();
    return this.admission.admit(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), access ?? 'admin');
  }
}
