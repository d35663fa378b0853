import { type DynamicModule, Module } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AuditModule } from '../audit/audit.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { Admission } from './admission.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthGuard } from './auth.guard.js';
import { Authenticator } from './authenticator.js';
import { DeclaredRoutes } from './declared-routes.js';
import { KeyUses } from './key-uses.js';
import { type OidcOptions, OidcVerifier } from './oidc.js';
import { type RateLimitOptions, RateLimits } from './rate-limits.js';
import { TenantsRepository } from './tenants.repository.js';
import { TenantsService } from './tenants.service.js';
import { Upkeep, UPKEEP_OPTIONS, type UpkeepOptions } from './upkeep.js';

export interface AuthOptions {
  /** The identity provider whose access tokens are taken; API keys alone when left out. */
  oidc?: OidcOptions;
  rateLimit?: RateLimitOptions;
  /** Counts rate limits in Redis, for all nodes together; without it each node counts for itself. */
  redisUrl?: string;
  upkeep?: UpkeepOptions;
}

/** Tenants, API keys, and the guard before every route; with idempotency and the audit trail, which it stands on. */
@Module({})
export class AuthModule {
  static forRoot({ oidc, rateLimit = {}, redisUrl, upkeep = {} }: AuthOptions = {}): DynamicModule {
    return {
      module: AuthModule,
      global: true,
      // In this order: what makes a change repeatable stands outside of what records it.
      imports: [DiscoveryModule, IdempotencyModule, AuditModule],
      controllers: [ApiKeysController],
      providers: [
        TenantsRepository,
        TenantsService,
        ApiKeysRepository,
        ApiKeysService,
        KeyUses,
        Authenticator,
        Admission,
        DeclaredRoutes,
        Upkeep,
        { provide: UPKEEP_OPTIONS, useValue: upkeep },
        { provide: RateLimits, useFactory: () => new RateLimits(rateLimit, redisUrl) },
        {
          provide: OidcVerifier,
          inject: [TenantsService],
          useFactory: (tenants: TenantsService) => (oidc ? new OidcVerifier(oidc, tenants) : null),
        },
        { provide: APP_GUARD, useClass: AuthGuard },
      ],
      exports: [TenantsService, ApiKeysService, Authenticator, RateLimits],
    };
  }
}
