import { Inject, Injectable, Optional } from '@nestjs/common';
import { DomainError } from '../errors/index.js';
import { type ApiKey, ApiKeysRepository } from './api-keys.repository.js';
import { after, type AtHand } from './at-hand.js';
import { RefusedCredentials, UnknownCredentials } from './auth.errors.js';
import type { Principal } from './caller.js';
import { KeyUses } from './key-uses.js';
import { looksLikeJwt, OidcVerifier } from './oidc.js';
import { RateLimits } from './rate-limits.js';
import { hashOf, isMistyped, sameHash } from './secret.js';

/** Under a second, the time of the question included: a revoked key is refused on every node within a second. */
const TRUST_MS = 900;
const MAX_REMEMBERED = 10_000;
/** Longer texts are no credentials of ours; Node's header limit is twice this. */
const MAX_TOKEN_LENGTH = 8_192;

interface Judgement {
  outcome: AtHand<Principal>;
  until: number;
  /** It was good once, so that presenting it is not a guess. */
  good: boolean;
}

/** Says who presents a token: an API key, or an access token of the identity provider. */
@Injectable()
export class Authenticator {
  /** By the token's hash, least recently used first. */
  private readonly judgements = new Map<string, Judgement>();

  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly uses: KeyUses,
    private readonly limits: RateLimits,
    @Optional() @Inject(OidcVerifier) private readonly oidc: OidcVerifier | null = null,
  ) {}

  /**
   * @param address where the caller comes from; wrong credentials from one address are limited
   * @param onRefused called once for each fresh refusal, not for its repeats within a second
   * @throws UnknownCredentials, RefusedCredentials, RateLimited, IdentityProviderUnavailable
   */
  authenticate(token: string, address: string, onRefused?: (error: RefusedCredentials) => void): AtHand<Principal> {
    const hash = hashOf(token);
    const name = hash.toString('base64');
    const known = this.judgements.get(name);
    const judged =
      known && performance.now() < known.until
        ? known.outcome
        : this.judge(token, hash, { name, known, address, onRefused });
    return after(judged, (principal) => {
      if (principal.keyId) this.uses.note(principal.tenantId, principal.keyId);
      return principal;
    });
  }

  private async judge(
    token: string,
    hash: Buffer,
    from: {
      name: string;
      known: Judgement | undefined;
      address: string;
      onRefused?: (error: RefusedCredentials) => void;
    },
  ): Promise<Principal> {
    const { name, known, address, onRefused } = from;
    if (!known?.good) await this.limits.mayGuess(address);

    const judgement: Judgement = {
      outcome: this.principalOf(token, hash),
      until: performance.now() + TRUST_MS,
      good: !!known?.good,
    };
    this.remember(name, judgement);
    try {
      const principal = await judgement.outcome;
      judgement.good = true;
      judgement.outcome = principal;
      if (principal.expiresAt) {
        judgement.until = Math.min(judgement.until, performance.now() + principal.expiresAt.getTime() - Date.now());
      }
      return principal;
    } catch (error) {
      const refusal = error instanceof DomainError && error.kind === 'unauthenticated';
      if (!refusal || error instanceof UnknownCredentials) this.judgements.delete(name);
      if (error instanceof UnknownCredentials) await this.limits.guessedWrong(address);
      if (error instanceof RefusedCredentials) onRefused?.(error);
      throw error;
    }
  }

  private principalOf(token: string, hash: Buffer): Promise<Principal> {
    if (token.length > MAX_TOKEN_LENGTH || isMistyped(token)) return Promise.reject(new UnknownCredentials());
    return this.oidc && looksLikeJwt(token) ? this.oidc.verify(token) : this.ownerOf(hash);
  }

  private async ownerOf(hash: Buffer): Promise<Principal> {
    const found = await this.keys.findByHash(hash);
    if (!found || !sameHash(found.hash, hash)) throw new UnknownCredentials();
    const { key, expired } = found;
    const principal = principalOfKey(key);
    if (key.revokedAt) throw new RefusedCredentials('credentials_revoked', 'This API key was revoked.', principal);
    if (expired) throw new RefusedCredentials('credentials_expired', 'This API key has expired.', principal);
    return principal;
  }

  private remember(name: string, judgement: Judgement): void {
    this.judgements.delete(name);
    this.judgements.set(name, judgement);
    if (this.judgements.size <= MAX_REMEMBERED) return;
    const [oldest] = this.judgements.keys();
    if (oldest !== undefined) this.judgements.delete(oldest);
  }
}

function principalOfKey(key: ApiKey): Principal {
  return {
    tenantId: key.tenantId,
    actorId: key.actorId ?? key.id,
    scopes: key.scopes,
    keyId: key.id,
    ...(key.expiresAt && { expiresAt: key.expiresAt }),
  };
}
