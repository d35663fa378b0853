import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AuditService } from '../audit/audit.service.js';
import { requestEntry } from '../audit/request-entry.js';
import { logContext } from '../logging/index.js';
import type { Access } from './access.js';
import { after, type AtHand, rescued } from './at-hand.js';
import {
  MissingCredentials,
  MissingScope,
  RateLimited,
  type RefusedCredentials,
  UnknownCredentials,
} from './auth.errors.js';
import { Authenticator } from './authenticator.js';
import type { Principal } from './caller.js';
import type { Allowance } from './limit-counter.js';
import { RateLimits } from './rate-limits.js';
import { grants } from './scopes.js';

type Asked = Exclude<Access, 'public'>;

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Finds out who asks, takes the request from their limits, once for each request, and checks their scope. Requests that
 * may bring a body are asked before it is read: reading 32 MiB of JSON holds the event loop for a second, which is not
 * for strangers.
 */
@Injectable()
export class Admission implements OnModuleInit {
  private readonly logger = new Logger('auth');

  constructor(
    private readonly authenticator: Authenticator,
    private readonly limits: RateLimits,
    private readonly audit: AuditService,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter?.getInstance<FastifyInstance>();
    fastify?.addHook('preParsing', (request, reply, _payload, done) => {
      const { access } = request.routeOptions.config;
      const asked = WITH_BODY.has(request.method) && !request.is404 && access !== 'public';
      const admitted = asked && this.admit(request, reply, access);
      if (admitted instanceof Promise) admitted.then(() => done(), done);
      else done();
    });
  }

  /**
   * @param required what the route asks for, where that is known
   * @throws MissingCredentials, UnknownCredentials, RefusedCredentials, RateLimited, IdentityProviderUnavailable,
   *   MissingScope
   */
  admit(request: FastifyRequest, reply: FastifyReply, required?: Asked): AtHand<true> {
    if (request.caller) return this.permit(request, request.caller, required);
    return after(this.identify(request), (caller) =>
      after(this.limit(caller, reply), () => {
        request.caller = caller;
        return this.permit(request, caller, required);
      }),
    );
  }

  private permit(request: FastifyRequest, caller: Principal, required: Asked | undefined): true {
    if (required === undefined || required === 'credentials' || grants(caller.scopes, required)) return true;

    const refusal = new MissingScope(required, caller.scopes);
    this.audit.record(caller.tenantId, requestEntry(request, caller, { status: 403, code: refusal.code }));
    throw refusal;
  }

  private identify(request: FastifyRequest): AtHand<Principal> {
    const token = tokenOf(request.headers.authorization);
    const judge = () =>
      this.authenticator.authenticate(token, request.ip, (refusal) => this.recordRefusal(request, refusal));
    return after(rescued(judge(), this.reportTo(request)), (caller) => {
      request.stillAllowed = async () => void (await judge());
      // On the request, as its log context begins only when its body was read.
      request.logKeys.tenantId = caller.tenantId;
      request.logKeys.actorId = caller.actorId;
      return caller;
    });
  }

  private reportTo(request: FastifyRequest): (error: unknown) => never {
    return (error) => {
      if (error instanceof UnknownCredentials) {
        // No tenant is concerned, so the log is the only place where a guess can stand.
        const { ip, method } = request;
        const line = { msg: 'unknown credentials', ip, method, route: request.routeOptions.url };
        logContext.run(request.logKeys, () => this.logger.warn(line));
      }
      throw error;
    };
  }

  private limit(caller: Principal, reply: FastifyReply): AtHand<void> {
    return after(rescued(this.limits.take(caller), tellRefusalTo(reply)), (allowance) => {
      if (allowance) tellLimits(reply, allowance);
    });
  }

  private recordRefusal(request: FastifyRequest, refusal: RefusedCredentials): void {
    if (!refusal.of) return;
    const entry = requestEntry(request, refusal.of, { status: 401, code: refusal.code });
    this.audit.record(refusal.of.tenantId, entry);
  }
}

/** @throws MissingCredentials for another scheme too: a password in Basic is not looked at */
function tokenOf(header: string | undefined): string {
  const token = /^Bearer +([^\s]+) *$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw new MissingCredentials();
  return token;
}

function tellRefusalTo(reply: FastifyReply): (error: unknown) => never {
  return (error) => {
    if (error instanceof RateLimited) {
      tellLimits(reply, { limit: error.limit, remaining: 0, resetSeconds: error.retryAfterSeconds });
    }
    throw error;
  };
}

/** As in draft-ietf-httpapi-ratelimit-headers-07; the tightest limit is told. */
function tellLimits(reply: FastifyReply, { limit, remaining, resetSeconds }: Allowance): void {
  reply.headers({ 'ratelimit-limit': limit, 'ratelimit-remaining': remaining, 'ratelimit-reset': resetSeconds });
}
