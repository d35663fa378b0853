import { Injectable } from '@nestjs/common';
import { newId } from '../ids/index.js';
import { Transactional } from '../database/index.js';
import { AlreadyExists, InvalidInput, NotFound, OperationFailed } from '../errors/index.js';
import { type ApiKey, ApiKeysRepository, type KeyInUse, type NewApiKey } from './api-keys.repository.js';
import { ScopeNotHeld } from './auth.errors.js';
import type { Caller, Scope } from './caller.js';
import { firstNotGranted } from './scopes.js';
import { hashOf, isMistyped, newSecret, sameHash } from './secret.js';

export interface CreateApiKey {
  name: string;
  scopes: readonly Scope[];
  /** Whom the key acts as, such as an agent's id; the key itself when left out. */
  actorId?: string;
  expiresAt?: Date;
}

/** `secret` is shown this once; only its hash is kept. */
export interface CreatedApiKey {
  key: ApiKey;
  secret: string;
}

/** `revoked`: the admin key was revoked, and the same secret does not bring it back. */
export interface AdminKey {
  state: 'created' | 'kept' | 'replaced' | 'revoked';
  key: ApiKey;
  /** Only of a key that was made just now. */
  secret?: string;
}

/** Sixteen characters and more that a header can carry as one token. */
const PRESET = /^[\x21-\x7e]{16,256}$/;

@Injectable()
export class ApiKeysService {
  constructor(private readonly keys: ApiKeysRepository) {}

  /** @throws ScopeNotHeld, InvalidInput */
  @Transactional()
  async create(caller: Caller, input: CreateApiKey): Promise<CreatedApiKey> {
    const missing = firstNotGranted(caller.scopes, input.scopes);
    if (missing) throw new ScopeNotHeld(missing);
    if (input.scopes.length === 0) throw InvalidInput.of('scopes', 'arrayNotEmpty', 'A key needs at least one scope.');
    if (input.expiresAt && input.expiresAt.getTime() <= Date.now()) {
      throw InvalidInput.of('expiresAt', 'isFuture', 'expiresAt must be in the future.');
    }
    const secret = newSecret();
    const key = await this.add(caller.tenantId, secret, {
      id: newId(),
      name: input.name,
      scopes: [...new Set(input.scopes)],
      actorId: input.actorId ?? null,
      createdBy: caller.actorId,
      expiresAt: input.expiresAt ?? null,
    });
    if (!key) throw new AlreadyExists('api key', 'id');
    return { key, secret };
  }

  /** Newest first, revoked ones included; at most `limit`. */
  list(caller: Caller, { before, limit }: { before?: string; limit: number }): Promise<ApiKey[]> {
    return this.keys.list(caller.tenantId, before, limit);
  }

  /** Every node refuses the key within a second. Revoking it again changes nothing. @throws NotFound */
  @Transactional()
  async revoke(caller: Caller, id: string): Promise<ApiKey> {
    const key = await this.keys.revoke(caller.tenantId, id);
    if (!key) throw new NotFound('api key', id);
    return key;
  }

  /**
   * The tenant's first admin key, whose id is the tenant's own: nodes that start together make one. A preset secret that
   * differs from the present one replaces it.
   * @param propose gives the secret of a key that is missing, and is asked before there is one
   * @throws InvalidInput when the preset is no usable key, AlreadyExists when it is another key already
   */
  @Transactional()
  async ensureAdminKey(tenantId: string, preset?: string, propose: () => string = newSecret): Promise<AdminKey> {
    if (preset !== undefined && (!PRESET.test(preset) || isMistyped(preset))) {
      const rule = 'A preset admin key is 16 to 256 printable characters without blanks, and not a mistyped mst_ key.';
      throw InvalidInput.of('adminKey', 'isKey', rule);
    }
    const present = await this.keys.findForUpdate(tenantId, tenantId);
    if (present) return this.keepOrReplace(tenantId, present, preset);

    const secret = preset ?? propose();
    const made = await this.add(tenantId, secret, {
      id: tenantId,
      name: 'admin',
      scopes: ['admin'],
      actorId: null,
      createdBy: tenantId,
      expiresAt: null,
    });
    if (made) return { state: 'created', key: made, secret };
    const others = await this.keys.findForUpdate(tenantId, tenantId);
    if (!others) throw new OperationFailed('apikeys.ensureAdminKey', { cause: new Error('the admin key vanished') });
    return this.keepOrReplace(tenantId, others, preset);
  }

  /** Whether the secret is that of the tenant's admin key, and good. */
  async isAdminKey(tenantId: string, secret: string): Promise<boolean> {
    const found = await this.keys.findByHash(hashOf(secret));
    return found?.key.tenantId === tenantId && found.key.id === tenantId && !found.key.revokedAt;
  }

  private async keepOrReplace(tenantId: string, present: KeyInUse, preset: string | undefined): Promise<AdminKey> {
    const hash = preset === undefined ? present.hash : hashOf(preset);
    if (preset === undefined || sameHash(hash, present.hash)) {
      return { state: present.key.revokedAt ? 'revoked' : 'kept', key: present.key };
    }
    const key = await this.keys.replaceSecret(tenantId, tenantId, present.hash, hash, preset.slice(-4));
    await this.addLookup(tenantId, key.id, hash);
    return { state: 'replaced', key };
  }

  private async add(tenantId: string, secret: string, key: Omit<NewApiKey, 'ending'>): Promise<ApiKey | undefined> {
    const hash = hashOf(secret);
    const made = await this.keys.insert(tenantId, { ...key, ending: secret.slice(-4) }, hash);
    if (made) await this.addLookup(tenantId, made.id, hash);
    return made;
  }

  private async addLookup(tenantId: string, id: string, hash: Buffer): Promise<void> {
    if (!(await this.keys.addLookup(tenantId, id, hash))) throw new AlreadyExists('api key', 'secret');
  }
}
