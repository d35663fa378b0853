import { Injectable } from '@nestjs/common';
import { seal, unseal } from '../shared/auth/index.js';
import { SendingFailed } from './webhooks.errors.js';
import { WebhookSettings } from './webhook.settings.js';

const SEALED = 'sealed:';
const UNREADABLE = 'The secret was sealed under a key that is not configured any more; rotate it.';

/**
 * How the secrets of endpoints stand in the database. They sign every request, so a hash will not do: they are sealed
 * under a key of the configuration (AES-256-GCM), or stand in the clear where there is none.
 */
@Injectable()
export class Secrets {
  constructor(private readonly settings: WebhookSettings) {}

  kept(secret: string): string {
    const [key] = this.settings.secretKeys;
    return key === undefined ? secret : SEALED + seal(secret, key);
  }

  /** @throws SendingFailed when the key that sealed it is no longer configured */
  shown(kept: string): string {
    if (!kept.startsWith(SEALED)) return kept;
    for (const key of this.settings.secretKeys) {
      const secret = unseal(kept.slice(SEALED.length), key);
      if (secret !== undefined) return secret;
    }
    throw new SendingFailed('secret_unreadable', UNREADABLE, false);
  }
}
