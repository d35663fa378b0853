import { DomainError } from '../errors/index.js';
import type { Principal, Scope } from './caller.js';

export class MissingCredentials extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'missing_credentials';

  constructor() {
    super('Send an API key or an access token as Authorization: Bearer <token>.');
  }
}

/** Nobody has these credentials: a wrong key, a token that another issuer or nobody signed. Counted as a guess. */
export class UnknownCredentials extends DomainError {
  readonly kind = 'unauthenticated';
  readonly code = 'invalid_credentials';

  constructor(reason = 'These credentials are not valid here.', options?: { cause?: unknown }) {
    super(reason, {}, options);
  }
}

/** Credentials that were good once, or are good elsewhere. `of` is whose they are, for the audit trail. */
export class RefusedCredentials extends DomainError {
  readonly kind = 'unauthenticated';

  constructor(
    readonly code: 'credentials_expired' | 'credentials_revoked' | 'wrong_audience' | 'unknown_tenant',
    message: string,
    readonly of?: Principal,
    options?: { cause?: unknown },
  ) {
    super(message, {}, options);
  }
}

/** The identity provider's keys could not be read, so nobody can say whether the token is good. */
export class IdentityProviderUnavailable extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'identity_provider_unavailable';
  override readonly retryAfterSeconds = 2;

  constructor(options: { cause: unknown }) {
    super('The keys of the identity provider cannot be read now; the token was not judged.', {}, options);
  }
}

export class MissingScope extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'missing_scope';

  constructor(required: Scope, held: readonly Scope[]) {
    super(`This needs the scope ${required}.`, { required, held: [...held] });
  }
}

/** A key may only be given scopes that its maker has. */
export class ScopeNotHeld extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'scope_not_held';

  constructor(scope: Scope) {
    super(`You cannot grant the scope ${scope}, as you do not hold it.`, { scope });
  }
}

export class RateLimited extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'rate_limited';

  constructor(
    what: 'key' | 'tenant' | 'address',
    readonly limit: number,
    windowSeconds: number,
    override readonly retryAfterSeconds: number,
  ) {
    super(`More than ${limit} requests of this ${what} in ${windowSeconds} s; try again in ${retryAfterSeconds} s.`, {
      limitedBy: what,
      limit,
      windowSeconds,
    });
  }
}
