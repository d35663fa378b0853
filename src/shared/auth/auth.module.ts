import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AuditHttpModule, AuditModule } from '../audit/audit.module.js';
import { IdempotencyHttpModule, IdempotencyModule } from '../idempotency/idempotency.module.js';
import { given, type OptionsSource } from '../options/index.js';
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

const AUTH_OPTIONS = Symbol('auth options');

/**
 * Tenants and API keys, with idempotency and the audit trail. With HTTP, which is the default, also their routes, and
 * the guard and the hooks before every route of the application.
 */
@Module({})
export class AuthModule {
  static forRoot(options: AuthOptions = {}): DynamicModule {
    return AuthModule.forRootAsync(given(options));
  }

  static forRootAsync(source: OptionsSource<AuthOptions>, { http = true } = {}): DynamicModule {
    const doors = http ? DOORS : { imports: [], controllers: [], providers: [], exports: [] };
    return {
      module: AuthModule,
      global: true,
      imports: [IdempotencyModule, AuditModule, ...doors.imports],
      controllers: doors.controllers,
      providers: [
        { provide: AUTH_OPTIONS, ...source },
        { provide: UPKEEP_OPTIONS, inject: [AUTH_OPTIONS], useFactory: ({ upkeep = {} }: AuthOptions) => upkeep },
        TenantsRepository,
        TenantsService,
        ApiKeysRepository,
        ApiKeysService,
        Upkeep,
        ...doors.providers,
      ],
      exports: [TenantsService, ApiKeysService, ...doors.exports],
    };
  }
}

/** What stands before routes. */
const DOORS = {
  // In this order: what makes a change repeatable stands outside of what records it.
  imports: [DiscoveryModule, IdempotencyHttpModule, AuditHttpModule],
  controllers: [ApiKeysController],
  providers: [
    KeyUses,
    Authenticator,
    Admission,
    DeclaredRoutes,
    {
      provide: RateLimits,
      inject: [AUTH_OPTIONS],
      useFactory: ({ rateLimit, redisUrl }: AuthOptions) => new RateLimits(rateLimit, redisUrl),
    },
    {
      provide: OidcVerifier,
      inject: [AUTH_OPTIONS, TenantsService],
      useFactory: ({ oidc }: AuthOptions, tenants: TenantsService) => (oidc ? new OidcVerifier(oidc, tenants) : null),
    },
    { provide: APP_GUARD, useClass: AuthGuard },
  ],
  exports: [Authenticator, RateLimits],
} satisfies ModuleMetadata;
