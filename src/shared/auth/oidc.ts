import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose';
import { DomainError } from '../errors/index.js';
import { CircuitBreaker } from '../resilience/index.js';
import { IdentityProviderUnavailable, RefusedCredentials, UnknownCredentials } from './auth.errors.js';
import type { Principal } from './caller.js';
import { knownScopes } from './scopes.js';
import type { TenantsService } from './tenants.service.js';

/** Public-key signatures only: with an HMAC the published key would be the secret. */
export const SIGNATURES = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type Signature = (typeof SIGNATURES)[number];

export interface OidcOptions {
  /** As it stands in `iss`, exactly. */
  issuer: string;
  /** What must stand in `aud`. */
  audience: string;
  /** Where the issuer publishes its keys; found by discovery when left out. */
  jwksUrl?: string;
  /** Default RS256, PS256, ES256 and EdDSA. */
  algorithms?: readonly Signature[];
  /** How far the issuer's clock may be from ours; default 30 s. */
  clockToleranceSeconds?: number;
  /** The claim that holds the tenant's id or name; default `tenant`. */
  tenantClaim?: string;
  /** The claim that names who acts; default, and where it is missing, `sub`. */
  agentClaim?: string;
  /** The claim that holds the scopes, as a list or with blanks between; default `scope`. */
  scopesClaim?: string;
  /** Tenant (id or name) of tokens without a tenant claim; without this they are refused. */
  defaultTenant?: string;
  /** Limit of one fetch of the keys; default 3 s. */
  fetchTimeoutMs?: number;
  /** Shortest time between two fetches for a key not seen before; default 10 s. */
  cooldownMs?: number;
}

const DEFAULT_SIGNATURES: readonly Signature[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];
/** A key that the issuer withdrew is refused after this at the latest. */
const KEYS_MAX_AGE_MS = 600_000;

/** True for a text in the form of a signed JWT (RFC 7519), whoever signed it. */
export function looksLikeJwt(token: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(token);
}

/** Judges access tokens of one issuer (OpenID Connect, RFC 9068) by its published keys. */
export class OidcVerifier {
  private readonly breaker = new CircuitBreaker('identity provider', { counts: () => true });
  /** Undefined until it was found where they are; a failed look is not kept. */
  private keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(
    private readonly options: OidcOptions,
    private readonly tenants: TenantsService,
  ) {}

  /** @throws UnknownCredentials, RefusedCredentials, IdentityProviderUnavailable */
  async verify(token: string): Promise<Principal> {
    const payload = await this.payloadOf(token);
    const { tenantClaim = 'tenant', agentClaim = 'sub', scopesClaim = 'scope' } = this.options;
    const tenantId = await this.tenantOf(payload[tenantClaim]);
    const actorId = payload[agentClaim] ?? payload.sub;
    if (typeof actorId !== 'string' || actorId === '' || actorId.length > 255) {
      throw new UnknownCredentials('The token does not name an actor.');
    }
    return {
      tenantId,
      actorId,
      scopes: knownScopes(words(payload[scopesClaim])),
      ...(payload.exp !== undefined && { expiresAt: new Date(payload.exp * 1_000) }),
    };
  }

  private async payloadOf(token: string): Promise<JWTPayload> {
    const { issuer, audience, algorithms = DEFAULT_SIGNATURES, clockToleranceSeconds = 30 } = this.options;
    try {
      const { payload } = await jwtVerify(token, await this.keysOfIssuer(), {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['exp', 'sub'],
      });
      return payload;
    } catch (error) {
      throw judged(error);
    }
  }

  private keysOfIssuer(): Promise<JWTVerifyGetKey> {
    this.keys ??= this.findKeys().catch((error: unknown) => {
      this.keys = undefined;
      throw error;
    });
    return this.keys;
  }

  private async findKeys(): Promise<JWTVerifyGetKey> {
    const { issuer, jwksUrl, fetchTimeoutMs = 3_000, cooldownMs = 10_000 } = this.options;
    const guarded: FetchImplementation = (url, init) => this.breaker.execute(() => fetch(url, init));
    return createRemoteJWKSet(new URL(jwksUrl ?? (await discover(issuer, fetchTimeoutMs, guarded))), {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: cooldownMs,
      cacheMaxAge: KEYS_MAX_AGE_MS,
      [customFetch]: guarded,
    });
  }

  private async tenantOf(claim: unknown): Promise<string> {
    const named = claim ?? this.options.defaultTenant;
    const tenant = typeof named === 'string' ? await this.tenants.find(named) : undefined;
    if (!tenant) throw new RefusedCredentials('unknown_tenant', 'The token does not name a tenant of this server.');
    return tenant.id;
  }
}

/** Where the issuer says that its keys are (OpenID Connect Discovery 1.0, §4). */
async function discover(issuer: string, timeoutMs: number, fetch: FetchImplementation): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const init = {
    method: 'GET',
    headers: new Headers(),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  } as const;
  const response = await fetch(url, init);
  const found = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (response.status !== 200 || found.issuer !== issuer || typeof found.jwks_uri !== 'string') {
    throw new Error(`${url} answers ${response.status} and does not describe this issuer.`);
  }
  return found.jwks_uri;
}

/** What jose threw, as what it says about the token; where it says nothing about it, the provider is at fault. */
function judged(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof errors.JWTExpired) {
    return new RefusedCredentials('credentials_expired', 'The token has expired.', undefined, { cause: error });
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim !== 'aud')
      return new UnknownCredentials(`The token’s ${error.claim} is not valid here.`, { cause: error });
    return new RefusedCredentials('wrong_audience', 'The token is meant for another service.', undefined, {
      cause: error,
    });
  }
  if (!(error instanceof errors.JOSEError) || UNDECIDABLE.has(error.code)) {
    return new IdentityProviderUnavailable({ cause: error });
  }
  return new UnknownCredentials('The token is not one that the identity provider signed.', { cause: error });
}

/** The key set did not come in time, was not a key set, or its server did not answer 200. */
const UNDECIDABLE: ReadonlySet<string> = new Set([
  errors.JWKSTimeout.code,
  errors.JWKSInvalid.code,
  errors.JWKInvalid.code,
  errors.JOSEError.code,
]);

/** Scopes as one text with blanks (RFC 8693) or as a list. */
function words(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((one) => typeof one === 'string') : [];
}
