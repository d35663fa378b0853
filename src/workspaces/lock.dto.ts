import { IsString, MaxLength } from 'class-validator';
import { IsWhole, Omittable, QueryInt, Whole } from '../shared/http/index.js';
import type { WorkspaceLock } from './locks.repository.js';

/** Of a lock, from when it is taken or renewed. */
const MAX_LOCK_SECONDS = 1_800;
const MAX_TOKEN = 2 ** 31 - 1;

export class TakeLock {
  /** From now on. */
  @IsWhole(1, MAX_LOCK_SECONDS)
  seconds: number;

  /** Told to who is refused meanwhile. */
  @Omittable()
  @IsString()
  @MaxLength(1_000)
  reason?: string;
}

export class RenewLock {
  @IsWhole(1, MAX_TOKEN)
  token: number;

  /** From now on. */
  @IsWhole(1, MAX_LOCK_SECONDS)
  seconds: number;
}

export class ReleaseLock {
  /** That of the lock; whichever the caller holds when left out. */
  @QueryInt(1, MAX_TOKEN)
  token?: number;
}

export class LockView {
  /** An agent's id, a key's id or an OIDC subject. */
  holder: string;
  /** Rises with each new holder. */
  @Whole({ minimum: 1 })
  token: number;
  reason: string | null;
  since: Date;
  expiresAt: Date;

  static of({ holder, token, reason, since, expiresAt }: WorkspaceLock): LockView {
    return { holder, token, reason, since, expiresAt };
  }
}
